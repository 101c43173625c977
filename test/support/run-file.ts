import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { secondNodeVariable } from './extent.ts';
import { shortLived } from './node-flags.ts';
import { type Counts, type Results, resultsVariable } from './reporter.ts';
import { besideSandboxes, inSandbox } from './sandbox.ts';
import { withSourcePositions } from './source-positions.ts';

/** A test file that takes longer hangs: also on a machine that is busy otherwise none does. */
const fileTimeoutMs = 480_000;

const reporter = new URL('reporter.js', import.meta.url).href;

/** The compiled tests: everything named *.test.js below here. */
export const testFolder = fileURLToPath(new URL('..', import.meta.url));

/** What came of one test file. */
export interface FileResult {
  /** Its path, from the folder of tests. */
  readonly file: string;
  /** The program of Node.js that ran it, when it is not that of this process. */
  readonly node: string | undefined;
  readonly counts: Counts;
  /** True when every test passed and the process ended with 0. */
  readonly passed: boolean;
  /** All that it printed. */
  readonly output: string;
  /** The failed tests, or why the file failed as a whole; "" when it passed. */
  readonly failures: string;
  readonly wallSeconds: number;
  /** Of the file's process and all that it waited for, in user and system mode. */
  readonly cpuSeconds: number;
}

export interface RunFileOptions {
  /** The program of Node.js; this process's unless given. */
  readonly node?: string | undefined;
  /** Whether it gets a process table, a network, a /run and users of its own. */
  readonly sandbox: boolean;
  /** Ends the file in order; the result says that it failed. */
  readonly signal: AbortSignal;
}

/** Runs one compiled test file in a process of its own. Never rejects for what the file does. */
export async function runFile(
  file: string,
  { node, sandbox, signal }: RunFileOptions,
): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-test-'));
  const [results, output, times] = ['results', 'output', 'times'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const [outputFd, timesFd] = [openSync(output, 'a'), openSync(times, 'a')];
  const begun = performance.now();
  try {
    const command = [
      node ?? process.execPath,
      ...(node === undefined ? shortLived : []),
      '--disable-warning=ExperimentalWarning',
      `--test-reporter=${reporter}`,
      '--test-reporter-destination=stdout',
      resolve(testFolder, file),
    ];
    const child = (sandbox ? inSandbox : besideSandboxes)(command, {
      ownNetwork: true,
      output: [outputFd, outputFd, timesFd],
      env: {
        [resultsVariable]: results,
        ...(node === undefined ? {} : { [secondNodeVariable]: '1' }),
        ...(sandbox ? {} : { TMPDIR: folder }),
      },
    });
    const ended = await endOf(child, signal);
    const read = existsSync(results)
      ? (JSON.parse(readFileSync(results, 'utf8')) as Results)
      : undefined;
    const counts = { ...noTests, ...read?.counts };
    const obstacle = obstacleOf(ended, read?.counts);
    const failures = read?.failures || (obstacle === undefined ? '' : `\n✖ ${obstacle}\n`);
    const said = readFileSync(output, 'utf8');
    return {
      file,
      node,
      counts,
      passed: failures === '',
      output: failures === '' ? said : withSourcePositions(said),
      failures: withSourcePositions(failures),
      wallSeconds: (performance.now() - begun) / 1_000,
      cpuSeconds: childSeconds(readFileSync(times, 'utf8')),
    };
  } finally {
    closeSync(outputFd);
    closeSync(timesFd);
    rmSync(folder, { recursive: true, force: true });
  }
}

const noTests: Counts = {
  tests: 0,
  suites: 0,
  pass: 0,
  fail: 0,
  cancelled: 0,
  skipped: 0,
  todo: 0,
};

type End = number | 'timeout' | 'interrupted';

/** Waits for the end, and brings it about when it is late or no longer wanted. */
async function endOf(
  child: { readonly exitCode: Promise<number>; stop(): void },
  signal: AbortSignal,
): Promise<End> {
  let end: 'timeout' | 'interrupted' | undefined;
  const stop = (why: typeof end) => {
    end ??= why;
    child.stop();
  };
  const timer = setTimeout(stop, fileTimeoutMs, 'timeout');
  const onAbort = () => stop('interrupted');
  signal.addEventListener('abort', onAbort);
  try {
    const code = await child.exitCode;
    return end ?? code;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function obstacleOf(end: End, counts: Counts | undefined): string | undefined {
  if (end === 'timeout') return `did not end within ${fileTimeoutMs / 1_000} s`;
  if (end === 'interrupted') return 'was interrupted';
  if (end !== 0) return `ended with ${end}`;
  // Without a test Node.js reports nothing, and when the process leaves before its last one neither.
  return counts === undefined || counts.tests + counts.suites === 0
    ? 'ended without a test, or before its last one'
    : undefined;
}

/** The second line of times(1p): `0m1.230000s 0m0.450000s`, the user and system time of children. */
function childSeconds(text: string): number {
  const line = text.split('\n')[1] ?? '';
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}
