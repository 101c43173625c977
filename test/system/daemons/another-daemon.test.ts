import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { bundle } from '../../../build/bundle.ts';
import { type Exampled, startExampled } from '../../support/exampled/start.ts';
import { childrenOf } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { parseScrape, sampleOf } from '../metrics/scrape.ts';

const { alice } = users;
const project = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * A copy of the sources to which the LABELLED daemon is added as one is: a folder, and a line in each of
 * the two lists. Gives the path of the command that is made of them.
 */
async function addDaemon(): Promise<string> {
  const root = mkdtempSync(join(sandboxFolder, 'copy-'));
  chmodSync(root, 0o755);
  for (const part of ['src', 'build/swagger-ui', 'package.json', 'dist/src/page/browser']) {
    cpSync(join(project, part), join(root, part), { recursive: true });
  }
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
  const daemons = join(root, 'src/daemons');
  mkdirSync(join(daemons, 'exampled'));
  for (const file of ['driver.ts', 'description.ts']) {
    cpSync(join(project, 'test/support/exampled', file), join(daemons, 'exampled', file));
  }
  const list = (file: string, name: string, from: string) => {
    const path = join(daemons, file);
    const code = readFileSync(path, 'utf8');
    const changed = code.replace(/= \[([\w, ]+)\];/, `= [$1, ${name}];`);
    assert.notEqual(changed, code, file);
    writeFileSync(path, `import { ${name} } from './exampled/${from}';\n${changed}`);
  };
  list('descriptions.ts', 'exampled', 'description.ts');
  list('index.ts', 'exampledDriver', 'driver.ts');
  await bundle(root);
  return join(root, 'dist/src/cli.js');
}

describe('a daemon that is one folder and a line in each list', { skip: needsSandbox() }, () => {
  let cli: string;
  let daemon: Exampled;
  let uapid: RunningUapid;
  before(async () => {
    cli = await addDaemon();
    daemon = await startExampled(alice);
    const metrics = ['--metrics', 'http://127.0.0.1:0'];
    uapid = await startUapid([...metrics, '--example-dir', '/run/elsewhere'], cli);
  });
  after(async () => {
    await uapid?.stop();
    daemon?.stop();
  });

  const output = (...args: string[]) =>
    execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8' });

  async function call(path: string) {
    const credentials = Buffer.from(`${uapid.user}:${uapid.password}`).toString('base64');
    const answer = await fetch(`${uapid.url}/execute/Ftp/${path}`, {
      // One that idles is closed by the server, while this process waits for a command.
      headers: { authorization: `Basic ${credentials}`, connection: 'close' },
    });
    return (await answer.json()) as {
      status: number;
      data: unknown;
      messages: string[] | null;
      warnings: string[] | null;
    };
  }

  test('is in the rows, with its own warnings', async () => {
    const { data, warnings } = await call('list_sessions');
    const rows = data as { pid: number; cmdline: string }[];
    const row = rows.find(({ pid }) => pid === daemon.sessionPid);
    assert.equal(row?.cmdline, 'exampled: session');
    assert.ok(warnings?.includes('exampled does not name the user of 1 sessions.'), `${warnings}`);
  });

  test('is told of by get_ftp_daemon_info', async () => {
    const { data } = await call('get_ftp_daemon_info');
    const supports = { login_without_domain: 1, quota: 0 };
    assert.deepEqual(data, { enabled: 1, name: 'exampled', supports });
  });

  test('is in the metrics, beside those that do not run', async () => {
    const samples = parseScrape(await (await uapid.metrics()).text());
    const idle = (name: string) =>
      sampleOf(samples, 'uapid_sessions', { daemon: name, state: 'idle' });
    assert.deepEqual([idle('exampled'), idle('pure-ftpd')], [1, 0]);
    assert.equal(sampleOf(samples, 'uapid_gaps', { cause: 'exampled-user-unknown' }), 1);
    assert.equal(sampleOf(samples, 'uapid_daemon_failures_total', { daemon: 'exampled' }), 0);
  });

  test('has its settings in the help of every command that looks', () => {
    for (const command of ['serve', 'sessions', 'kill']) {
      const help = output(command, '--help').replace(/\s+/g, ' ');
      assert.match(help, /--example-dir <DIR> exampled's folder \[UAPID_EXAMPLE_DIR\]/, command);
    }
  });

  test('is in the documentation that is made from the code', () => {
    assert.match(output('openapi'), /"exampled"/);
    const settings = join(cli, '../settings.js');
    const source = join(cli, '../../../src/config/settings.ts');
    const form = { bundle: true, platform: 'node', format: 'esm', tsconfigRaw: {} } as const;
    buildSync({ ...form, entryPoints: [source], outfile: settings });
    const code = `import(${JSON.stringify(settings)}).then(({ allSettings }) => {
      const { flag, env, without } = allSettings.find(({ key }) => key === 'exampleDir');
      console.log(flag, env, without);
    })`;
    const told = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' });
    assert.equal(told, '--example-dir UAPID_EXAMPLE_DIR `/run/exampled`\n');
  });

  test('has its sessions ended by its own signal', async () => {
    const { status, messages } = await call(`kill_session?pid=${daemon.sessionPid}`);
    assert.equal(status, 1);
    // One that has to be killed is told otherwise.
    assert.match(`${messages}`, /ended/);
    assert.deepEqual(childrenOf(daemon.pid), []);
  });
});
