import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { openRoleStore } from '../../../src/accounts/role-store.ts';
import { addAccount } from '../../support/add-account.ts';
import { program } from '../../support/cli-run.ts';
import { isAlive } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startScene, uapidAs } from '../../support/sessions-scene.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { installProgram } from '../channel/program-copy.ts';

const skip = needsSandbox();
const { alice, bob } = users;

/** Sessions of two owners, of whom alice has an account, and a server beside them. */
async function scene(t: TestContext) {
  const started = await startScene(t, ['dev@alice.example', 'yes']);
  addAccount(started.stateDir, 'alice', alice.password);
  const dev = await started.logIn('dev@alice.example');
  const yes = await started.logIn('yes');
  const other = await started.logIn('bob');
  /** What alice is answered over HTTP. */
  const serveAlice = async () => {
    const server = await started.serve();
    const place = { ...server, user: alice.name, password: alice.password };
    return async (path: string) => (await ask(place, path)).body;
  };
  return { ...started, dev, yes, other, serveAlice };
}

test('uapi prints what the account is answered over HTTP, in each of its forms', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { serveAlice, uapid } = await scene(t);
  const askAlice = await serveAlice();
  const query = 'api.sort_column=user&api.filter_column=user&api.filter_type=ne&api.filter_term=x';
  const body = await askAlice(`/Ftp/list_sessions?${query}`);
  const words = query.split('&').map((each) => each.replace('=x', '=%78'));
  const call = async (...output: string[]) => {
    const run = await uapid('uapi', '--user=alice', ...output, 'Ftp', 'list_sessions', ...words);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    return run.stdout;
  };
  assert.deepEqual(
    JSON.parse(body).result.data.map(({ user }: { user: string }) => user),
    ['dev@alice.example', 'yes'],
  );
  assert.equal(await call('--output=json'), `${body}\n`);
  assert.equal(await call('--output=jsonpretty'), `${JSON.stringify(JSON.parse(body), null, 2)}\n`);
  const yaml = await call();
  assert.match(yaml, /^---\napiversion: 3\nfunc: list_sessions\nmodule: Ftp\nresult:\n/);
  assert.match(yaml, /^ {2}errors: ~$/m);
  for (const version of ['1.1', '1.2'] as const) {
    assert.deepEqual(parse(yaml, { version }), JSON.parse(body));
  }
});

test('cpapi2 prints the envelope of API 2, as /json-api/cpanel has it', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { serveAlice, uapid } = await scene(t);
  const askAlice = await serveAlice();
  const ofHttp = (func: string) =>
    askAlice(`/json-api/cpanel?cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=${func}`);
  for (const func of ['listftpsessions', 'listftp', 'listftpwithdisk', 'listftp-nothing']) {
    const run = await uapid('cpapi2', '--user=alice', '--output=json', 'Ftp', func);
    assert.deepEqual([run.code, run.stdout, run.stderr], [0, `${await ofHttp(func)}\n`, '']);
  }
  const run = await uapid('cpapi2', '--user', 'alice', 'Ftp', 'listftpsessions');
  assert.deepEqual(parse(run.stdout), JSON.parse(await ofHttp('listftpsessions')));
});

test('a system user that the configuration makes an account is called for without being added', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { uapid, other, stateDir } = await scene(t);
  const config = join(stateDir, 'uapid.json');
  writeFileSync(config, JSON.stringify({ systemUsers: [`uids:${bob.uid}-${bob.uid}`] }));
  const list = ['--output=json', 'Ftp', 'list_sessions'];
  const run = await uapid('uapi', '--user=bob', '--config', config, ...list);
  const rows: { pid: number }[] = JSON.parse(run.stdout).result.data;
  assert.deepEqual(
    rows.map(({ pid }) => pid),
    [other.pid],
  );
  const unknown = await uapid('uapi', '--user=carol', '--config', config, ...list);
  assert.match(unknown.stderr, /there is no account "carol"/);
  assert.match((await uapid('uapi', '--user=bob', ...list)).stderr, /there is no account "bob"/);
});

for (const runs of ['a server', 'no server']) {
  test(`with ${runs} a call ends the account’s sessions alone, and writes each down once`, {
    skip,
    timeout: 300_000,
  }, async (t) => {
    const { serve, uapid, stateDir, dev, yes, other } = await scene(t);
    if (runs === 'a server') await serve();
    const call = (user: string, ...words: string[]) =>
      uapid('uapi', `--user=${user}`, '--output=json', 'Ftp', 'kill_session', ...words);
    const foreign = await call('alice', `pid=${other.pid}`);
    assert.match(foreign.stdout, /There was no FTP session with the PID \d+ to end\./);
    const own = await call('alice', 'login=dev%40alice.example');
    assert.match(own.stdout, /"1 FTP session was ended\."/, own.stderr);
    assert.deepEqual(
      [dev, yes, other].map(({ pid }) => isAlive(pid)),
      [false, true, true],
    );
    const everybodys = await call('root');
    assert.match(everybodys.stdout, /"2 FTP sessions were ended\."/);
    const lines = () =>
      readFileSync(join(stateDir, 'audit.log'), 'utf8')
        .split('\n')
        .flatMap(
          (line) =>
            / session-ended .*pid=(\d+) .*outcome=(\w+)/.exec(line)?.slice(1).join(' ') ?? [],
        );
    await until(() => lines().length >= 4, { what: 'the endings are in the audit log' });
    assert.deepEqual(
      lines().sort(),
      [`${other.pid} none`, ...[dev, yes, other].map(({ pid }) => `${pid} ended`)].sort(),
    );
  });
}

test('what is asked wrongly is said in a sentence, and ends with its exit code', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { uapid, stateDir } = await scene(t);
  const cases: [words: string[], code: number, said: RegExp][] = [
    [['Ftp', 'list_sessions'], 2, /--user names the account that calls/],
    [['--user=alice', 'Ftp'], 2, /missing required argument 'function'/],
    [['--user=alice', 'Ftp', 'list_sessions', 'x'], 2, /"x" is no key=value/],
    [['--user=alice', '--output=xml', 'Ftp', 'list_sessions'], 2, /yaml, json, jsonpretty/],
    [['--user=nobody', 'Ftp', 'list_sessions'], 3, /there is no account "nobody"/],
  ];
  for (const [words, code, said] of cases) {
    const run = await uapid('uapi', ...words);
    assert.deepEqual([run.code, run.stdout], [code, ''], run.stderr);
    assert.match(run.stderr, said);
  }
  // What the function itself refuses is an answer, as over HTTP.
  const unknown = await uapid('uapi', '--user=alice', '--output=json', 'Ftp', 'nope');
  assert.deepEqual(
    [unknown.code, JSON.parse(unknown.stdout).result.errors],
    [0, ['The system could not find the function “nope” in the module “Ftp”.']],
  );
  await openRoleStore(stateDir).set('FTP', false);
  const off = await uapid('uapi', '--user=alice', '--output=json', 'Ftp', 'list_sessions');
  assert.match(JSON.parse(off.stdout).result.errors[0], /the FTP role is disabled/);
});

test('a reader that wants no more is no failure', { skip, timeout: 300_000 }, async (t) => {
  const { stateDir } = await scene(t);
  const command = `"$0" "$1" uapi --user=root --state-dir "$2" Ftp list_sessions`;
  const reads = `{ ${command}; echo "$?" >&2; } | true`;
  const { stderr } = spawnSync('sh', ['-c', reads, process.execPath, program, stateDir], {
    encoding: 'utf8',
  });
  assert.equal(stderr, '0\n');
});

test('who is not root is told to ask the API', { skip, timeout: 300_000 }, async (t) => {
  const { stateDir } = await scene(t);
  const words = ['uapi', '--user=alice', 'Ftp', 'list_sessions', '--state-dir', stateDir];
  const { code, stdout, stderr } = await uapidAs(bob, words, installProgram(t, 0o755));
  assert.deepEqual([code, stdout], [5, '']);
  assert.match(stderr, /only root calls functions for an account here; others ask the API/);
});
