import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { interpreter, languageNames } from '../system/clients/interpreters.ts';
import { ansibleFolder } from '../system/packaging/ansible-programs.ts';
import { fail2ban } from '../system/packaging/fail2ban-programs.ts';
import { fetchOtherBinaries } from '../system/packaging/other-binaries.ts';
import { prometheus } from '../system/packaging/prometheus-programs.ts';
import { fetchChromiumShell } from '../system/page/browser/chromium-programs.ts';
import { pureFtpdPrograms } from './daemons.ts';
import { debianRoot, debootstrapFolder } from './debian-root.ts';
import { wholeVariable } from './extent.ts';
import { inLanes } from './lanes.ts';
import { natsServerProgram } from './nats/nats-server-program.ts';
import { podmanFolder } from './podman.ts';
import { fetchProftpd } from './proftpd/programs.ts';
import { fetchProxies } from './proxies.ts';
import { pwauthFolder } from './pwauth.ts';
import { type FileResult, runFile, testFolder } from './run-file.ts';
import { sandboxObstacle } from './sandbox.ts';
import { dependsOnNode, secondNode } from './second-node.ts';
import { longestFirst, selectTests } from './select-tests.ts';
import { fileBlock, summary } from './summary.ts';
import { vsftpdProgram, vsftpdReleases } from './vsftpd/programs.ts';

/**
 * So many files at a time: TEST_LANES, or twice the processors. Half of the time that a file takes is
 * waiting, for daemons, for delays that are the guarantee, for what comes on its own: with one more than
 * processors two were busy for two thirds of a run. Throws for what is no number of lanes.
 */
function laneCount(): number {
  const { TEST_LANES = '' } = process.env;
  if (TEST_LANES === '') return availableParallelism() * 2;
  if (!/^[1-9]\d?$/.test(TEST_LANES)) throw new Error('TEST_LANES is no number from 1 to 99');
  return Number(TEST_LANES);
}

/** One file on one Node.js. */
interface Job {
  readonly file: string;
  /** The second Node.js; undefined for that of this process. */
  readonly node: string | undefined;
}

/**
 * `run.js [--second some|all] [NAME …]`: runs the tests, or those whose path has one of the names; on
 * a second Node.js too those that depend on its version, or all, and then at full length.
 */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals: names } = parseArgs({
    args: [...args],
    options: { second: { type: 'string', default: 'none' } },
    allowPositionals: true,
  });
  const found = readdirSync(testFolder, { recursive: true, encoding: 'utf8' });
  const files = selectTests(found, names);
  if (files.length === 0) {
    const wanted = names.length === 0 ? '' : ` that matches ${names.join(' or ')}`;
    print(`No test file (*.test.js)${wanted} below ${testFolder}`);
    return 1;
  }
  if (values.second === 'all') process.env[wholeVariable] = '1';
  const { CI } = process.env;
  const obstacle = files.some(isForSandbox) ? sandboxObstacle() : undefined;
  if (obstacle === undefined) {
    await fetchPrograms(files.filter(isForSandbox));
  } else {
    print(
      `The tests that start a real FTP daemon cannot run here, their sandbox cannot be: ${obstacle}.`,
    );
    if (CI === 'true') return 1;
  }
  return await runJobs(jobsFor(longestFirst(files), values.second), {
    sandbox: obstacle === undefined,
    withOutput: names.length > 0 || CI === 'true',
  });
}

function jobsFor(files: readonly string[], second: string): Job[] {
  if (second === 'none') return files.map((file) => ({ file, node: undefined }));
  const node = secondNode();
  return files.flatMap((file) => [
    { file, node: undefined },
    ...(second === 'all' || dependsOnNode(file) ? [{ file, node }] : []),
  ]);
}

/**
 * A sandbox is for what needs one: daemons, servers, browsers. Most tests of units do not; one that
 * says `needsSandbox` gets it.
 */
function isForSandbox(file: string): boolean {
  return (
    !file.startsWith('unit/') ||
    readFileSync(join(testFolder, file), 'utf8').includes('needsSandbox')
  );
}

/** Whether a test imports what lies in a folder of test/support/, or the daemons of containers. */
function uses(file: string, folder: string): boolean {
  const text = readFileSync(join(testFolder, file), 'utf8');
  return [folder, '/contained/'].some((each) => text.includes(each));
}

/** Out here the network and the package lists are as usual; a sandbox has neither. */
async function fetchPrograms(files: readonly string[]): Promise<void> {
  if (files.length > 0) await pureFtpdPrograms();
  const isForDebian = files.some((file) =>
    /^system\/packaging\/(?:ansible|container-image|debian)/.test(file),
  );
  // It takes as long as all else together, which is fetched meanwhile; what that
  // needs comes before, and what is taken for its release behind.
  if (isForDebian) await debootstrapFolder();
  const debian = isForDebian ? debianRoot() : undefined;
  debian?.catch(() => undefined);
  if (files.some((file) => file.startsWith('system/packaging/fail2ban'))) await fail2ban();
  if (files.some((file) => file.startsWith('system/packaging/'))) await prometheus();
  if (files.some((file) => uses(file, '/pwauth'))) await pwauthFolder();
  if (files.some((file) => file.startsWith('system/http/proxies'))) await fetchProxies();
  // Without it its test says so and is skipped.
  if (files.some((file) => /ownership\/podman|packaging\/container-image/.test(file)))
    await podmanFolder().catch(() => undefined);
  if (files.some((file) => file.startsWith('system/page/browser/'))) await fetchChromiumShell();
  if (files.some((file) => file.startsWith('system/clients/'))) {
    for (const language of languageNames) await interpreter(language);
  }
  await debian;
  if (files.some((file) => file.startsWith('system/packaging/ansible'))) await ansibleFolder();
  if (files.some((file) => file.startsWith('system/packaging/debian.test'))) fetchOtherBinaries();
  if (files.some((file) => /proftpd|^bench\//.test(file) || uses(file, '/proftpd'))) {
    await fetchProftpd();
  }
  if (files.some((file) => uses(file, '/vsftpd/')))
    for (const release of vsftpdReleases) await vsftpdProgram(release);
  if (files.some((file) => /^system\/fleet\/|fleet\/transport\/nats/.test(file)))
    await natsServerProgram();
  if (files.some((file) => /^system\/fleet\/permissions|fleet\/transport\/nats\.test/.test(file))) {
    await natsServerProgram('newest');
  }
}

/** Resolves to 0 when tests were run and none failed. */
async function runJobs(
  jobs: readonly Job[],
  { sandbox, withOutput }: { readonly sandbox: boolean; readonly withOutput: boolean },
): Promise<number> {
  const interruption = new AbortController();
  const { signal } = interruption;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The first lets what runs end in order, a second does not.
    process.once(name, () => {
      interruption.abort();
      process.once(name, () => process.exit(130));
    });
  }
  const begun = performance.now();
  const results: FileResult[] = [];
  const run = async ({ file, node }: Job) => {
    const inside = sandbox && isForSandbox(file);
    const result = await runFile(file, { node, sandbox: inside, signal });
    results.push(result);
    process.stdout.write(fileBlock(result, withOutput));
  };
  // These load the machine on purpose: beside others each would starve both.
  const isAlone = ({ file }: Job) =>
    /^(?:soak\/soak|system\/session-log\/short-sessions)\./.test(file);
  await inLanes(jobs.filter(isAlone), 1, run, signal);
  await inLanes(
    jobs.filter((job) => !isAlone(job)),
    laneCount(),
    run,
    signal,
  );
  process.stdout.write(summary(results, (performance.now() - begun) / 1_000));
  if (signal.aborted) return 130;
  if (results.every(({ counts }) => counts.pass + counts.fail === 0)) {
    print('No test was executed.');
    return 1;
  }
  return results.every(({ passed }) => passed) ? 0 : 1;
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
