import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { interpreter, languageNames } from '../system/clients/interpreters.ts';
import { debianRoot } from '../system/packaging/debian-root.ts';
import { fail2ban } from '../system/packaging/fail2ban-programs.ts';
import { prometheus } from '../system/packaging/prometheus-programs.ts';
import { pureFtpdPrograms } from './daemons.ts';
import { becomeSandbox, isSandbox, sandboxObstacle } from './sandbox.ts';
import { selectTests } from './select-tests.ts';

/** The compiled tests: everything named *.test.js below here. */
const folder = fileURLToPath(new URL('..', import.meta.url));

/** A test file that takes longer hangs: no wait of a test is anywhere near. */
const fileTimeoutMs = 300_000;

/** `run.js [NAME …]`: runs the tests, or those whose path has one of the names, in a sandbox. */
async function main(names: readonly string[]): Promise<number> {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = selectTests(found, names);
  if (files.length === 0) {
    const wanted = names.length === 0 ? '' : ` that matches ${names.join(' or ')}`;
    say(`No test file (*.test.js)${wanted} below ${folder}`);
    return 1;
  }
  if (isSandbox()) {
    return await runFiles(files);
  }
  const obstacle = sandboxObstacle();
  if (obstacle === undefined) {
    await fetchPrograms(files);
    const self = fileURLToPath(import.meta.url);
    return await becomeSandbox([process.execPath, '--enable-source-maps', self, ...names]);
  }
  const { CI } = process.env;
  say(
    `The tests that start a real FTP daemon cannot run here, their sandbox cannot be: ${obstacle}.`,
  );
  return CI === 'true' ? 1 : await runFiles(files);
}

/** Out here the network and the package lists are as usual; in the sandbox /run is empty. */
async function fetchPrograms(files: readonly string[]): Promise<void> {
  await pureFtpdPrograms();
  if (files.some((file) => file.startsWith('system/packaging/fail2ban'))) await fail2ban();
  if (files.some((file) => file.startsWith('system/packaging/'))) await prometheus();
  if (files.some((file) => file.startsWith('system/packaging/debian'))) await debianRoot();
  if (files.some((file) => file.startsWith('system/clients/'))) {
    for (const language of languageNames) await interpreter(language);
  }
}

/** Resolves to 0 when tests were run and none failed. */
async function runFiles(files: readonly string[]): Promise<number> {
  let executed = 0;
  let failed = 0;
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => interruption.abort());
  }
  const results = run({
    files: files.map((file) => join(folder, file)),
    concurrency: 1,
    timeout: fileTimeoutMs,
    signal: interruption.signal,
  });
  results.on('test:pass', ({ skip, details, name }) => {
    // Node 20 and 22 report a file without tests as a test of the file's name.
    executed +=
      skip || details.type === 'suite' || files.some((file) => name.endsWith(file)) ? 0 : 1;
  });
  results.on('test:fail', ({ todo }) => {
    failed += todo ? 0 : 1;
  });
  for await (const text of results.compose(new spec())) {
    process.stdout.write(text);
  }
  if (interruption.signal.aborted) {
    return 130;
  }
  if (executed + failed === 0) {
    say('No test was executed.');
  }
  return failed === 0 && executed > 0 ? 0 : 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
