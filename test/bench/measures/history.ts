import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { newSpaceFlag } from '../../../src/lib/v8-flags.ts';
import { plainEnv } from '../../support/cli-run.ts';
import { cli } from '../../support/uapid.ts';
import { type HistoryQuestion, type MadeLog, makeLog } from '../made-log.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { Scene } from '../scene.ts';
import { inTurns, timed } from '../timing.ts';

const bareRead = fileURLToPath(new URL('../bare-log-read.js', import.meta.url));
const runProgram = promisify(execFile);
const maxMs = 500;

/** Runs a program of Node.js as the package's command is run; resolves to what it prints. */
async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await runProgram(process.execPath, [newSpaceFlag, program, ...args], {
    env: plainEnv({ TZ: 'UTC' }),
    maxBuffer: 2 ** 26,
  });
  if (stderr !== '') throw new Error(`It complains: ${stderr.slice(0, 300)}`);
  return stdout;
}

/** `uapid history` over two weeks of a busy host, from the start of the program to its end. */
export async function measureHistory({ sizes }: Pick<Scene, 'sizes'>): Promise<Result[]> {
  const { pastSessions, historyRounds, historyWarmUps } = sizes;
  const log = makeLog(pastSessions);
  try {
    const asked = log.questions.map(
      (question) => [question.option, () => timed(() => ask(log, question))] as const,
    );
    const contestants: Record<string, () => Promise<number>> = {
      ...Object.fromEntries(asked),
      bare: () => timed(() => readBare(log)),
      start: () => timed(() => run(cli, '--version')),
    };
    const times = await inTurns(historyRounds, contestants, historyWarmUps);
    const ms = (name: string) => figure(times[name] ?? [], 'ms');
    const start = `\`uapid --version\` takes ${ms('start').median.toFixed(0)} ms`;
    const size = `${(log.bytes / 1e6).toFixed(1)} MB in ${log.files.length} files, a third compressed`;
    return log.questions.map(({ option, sessions }) => ({
      measure: `\`uapid history ${option}\`, ${pastSessions} sessions with files`,
      ours: ms(option),
      peer: { ...ms('bare'), name: 'a bare read of the files by Node.js' },
      value: ms(option).median,
      target: atMost(maxMs),
      note: `${start}, which is in it; ${sessions} sessions in the answer; ${size}`,
    }));
  } finally {
    log.remove();
  }
}

/** Throws unless all of the answer is there. */
async function ask({ stateDir, path }: MadeLog, { option, value, sessions }: HistoryQuestion) {
  const place = ['--state-dir', stateDir, '--session-log', path];
  const table = await run(cli, 'history', ...place, option, value);
  const rows = table.trimEnd().split('\n').length - 1;
  if (rows !== sessions || sessions === 0) {
    throw new Error(`history ${option} ${value} tells of ${rows} sessions instead of ${sessions}`);
  }
}

async function readBare({ files, bytes }: MadeLog): Promise<void> {
  const read = Number(await run(bareRead, ...files));
  if (read !== bytes) throw new Error(`The bare read has read ${read} bytes instead of ${bytes}`);
}
