import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { basic } from '../../support/app.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { addShadowUsers, changePassword, installPwauth } from '../../support/pwauth.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

/*
 * System users log in with their system passwords: Debian's own pwauth asks the system's PAM about real
 * lines of shadow(5). alice, bob and the users below are in the range, carol in the group, dave in neither.
 */

const skip = needsSandbox();
const password = 'a-system-password-of-24';
const others = [
  { name: 'locked', uid: 62_011, password, lock: '!' },
  { name: 'expired', uid: 62_012, password, ages: '19000:0:99999:7::19001:' },
  { name: 'aged', uid: 62_013, password, ages: '19000:0:30:7:::' },
  { name: 'shellless', uid: 62_014, password, shell: '/usr/sbin/nologin' },
  { name: 'changing', uid: 62_015, password },
  { name: 'outside', uid: 63_000, password },
  { name: 'infile', uid: 62_016, password },
  { name: 'guessed', uid: 62_017, password },
];

describe('with --accounts-from both', { skip }, () => {
  let uapid: RunningUapid;
  let helper = '';
  let stopFtpd = async () => {};

  before(async () => {
    helper = await installPwauth(['account required pam_shells.so']);
    addShadowUsers([...others, { name: 'toor', uid: 0, password }]);
    changePassword('root', password);
    const { alice, bob, carol } = users;
    writeFileSync(
      '/etc/group',
      `${readFileSync('/etc/group', 'utf8').trimEnd()}\nshoppers:x:64000:carol,root\n`,
    );
    const range = [alice.uid, bob.uid].join('-');
    uapid = await startUapid([
      ...['--accounts-from', 'both', '--password-helper', helper],
      ...['--system-users', `uids:${range},uids:62011-62017,group:shoppers=shop`],
    ]);
    addAccount(uapid.stateDir, 'shop', password, { role: 'reseller', systemUser: users.dave.name });
    addAccount(uapid.stateDir, 'infile', 'of the file alone');
    const ftpd = await startPureFtpd();
    const clients = await Promise.all([alice, carol].map(() => connectFtp(ftpd)));
    await Promise.all(
      [alice, carol].map(({ name, password: own }, index) => clients[index]?.login(name, own)),
    );
    stopFtpd = async () => {
      for (const client of clients) client.destroy();
      await ftpd.stop();
    };
  });
  after(async () => {
    await stopFtpd();
    await uapid?.stop();
  });

  const ask = (name: string, secret: string, path = '/execute/Ftp/list_sessions') =>
    fetch(`${uapid.url}${path}`, { headers: basic(name, secret) });

  async function usersSeen(answer: Response): Promise<string[]> {
    const { data } = (await answer.json()) as { data: { user: string }[] };
    return data.map(({ user }) => user);
  }

  test('a system user is let in with its system password, and sees its own sessions alone', async () => {
    const { alice, bob, carol } = users;
    const answers = await Promise.all([alice, bob, carol].map((u) => ask(u.name, u.password)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.deepEqual(await Promise.all(answers.map(usersSeen)), [['alice'], [], ['carol']]);
  });

  test('the right password of root, of a locked or expired user, of an old password, of a shell that PAM refuses, of one outside the range and of an account of the file lets nobody in, as no wrong one does', async () => {
    const names = ['root', 'toor', 'locked', 'expired', 'aged', 'shellless', 'outside', 'infile'];
    const tried = [
      ...names.map((name) => [name, password] as const),
      [users.dave.name, users.dave.password],
      [users.alice.name, users.bob.password],
      ['nobody-at-all', password],
      ['infile', 'wrong'],
    ] as const;
    const answered: string[] = [];
    const begun = performance.now();
    const statuses = await Promise.all(
      tried.map(async ([name, secret]) => {
        const { status } = await ask(name, secret);
        answered.push(`${name} ${status}`);
        // Whichever it is, it does not come before the moment at which all refusals come.
        assert.ok(performance.now() - begun >= 4_490, name);
        return status;
      }),
    );
    assert.deepEqual(new Set(statuses), new Set([401]), answered.join());
    assert.equal((await ask('infile', 'of the file alone')).status, 200);
  });

  test('a password that is no longer right lets in nobody with the next request, and ends the login that it opened', async () => {
    assert.equal((await ask('changing', password)).status, 200);
    const login = await fetch(`${uapid.url}/login/?login_only=1`, {
      method: 'POST',
      body: new URLSearchParams({ user: 'changing', pass: password }),
    });
    const { security_token: token } = (await login.json()) as { security_token: string };
    const cookie = login.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
    const byCookie = () =>
      fetch(`${uapid.url}${token}/execute/Ftp/list_sessions`, { headers: { cookie } });
    assert.equal((await byCookie()).status, 200);
    changePassword('changing', 'another one');
    const [first, second, third] = await Promise.all([
      byCookie(),
      ask('changing', password),
      ask('changing', 'another one'),
    ]);
    assert.deepEqual([first.status, second.status, third.status], [401, 401, 200]);
  });

  test('an admin acts for any system user of the rules, and a reseller for those of its own, without one being added', async () => {
    const actFor = async (name: string, secret: string, user: string) => {
      const query = new URLSearchParams({
        cpanel_jsonapi_user: user,
        cpanel_jsonapi_apiversion: '3',
        cpanel_jsonapi_module: 'Ftp',
        cpanel_jsonapi_func: 'list_sessions',
      });
      const answer = await ask(name, secret, `/json-api/cpanel?${query}`);
      const { result } = (await answer.json()) as { result?: { data: { user: string }[] } };
      return result?.data.map((row) => row.user) ?? null;
    };
    const admin = (user: string) => actFor(uapid.user, uapid.password, user);
    assert.deepEqual(await Promise.all(['alice', 'carol', 'bob'].map(admin)), [
      ['alice'],
      ['carol'],
      [],
    ]);
    assert.deepEqual(await Promise.all(['root', 'dave', 'outside'].map(admin)), [null, null, null]);
    const shop = (user: string) => actFor('shop', password, user);
    assert.deepEqual(await shop('carol'), ['carol']);
    assert.deepEqual(await Promise.all(['alice', 'bob', 'root'].map(shop)), [null, null, null]);
    assert.deepEqual(await usersSeen(await ask('shop', password)), ['carol']);
  });

  test('who guesses at a system user has to wait like any other guesser', async () => {
    const guesses = Array.from({ length: 6 }, (_, index) => ask('guessed', `guess ${index}`));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
  });

  test('the helper needs none of root’s capabilities, and no way to gain any', () => {
    const few = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--', helper];
    const codes = ([secret, wrong]: readonly string[]) =>
      [secret, wrong].map((each) => {
        const input = `${users.alice.name}\n${each}\n`;
        return spawnSync('setpriv', few, { input, env: {} }).status;
      });
    assert.deepEqual(codes([users.alice.password, 'wrong']), [0, 1]);
  });

  test('while PAM is asked the password is in no argument, environment and title', async () => {
    const secret = 'wrong-and-unheard-of';
    const answer = ask(users.bob.name, secret);
    // A wrong one takes PAM two seconds.
    const found = await until(() => textsOfProcesses().find(({ name }) => name === 'pwauth'), {
      what: 'pwauth runs',
      everyMs: 5,
    });
    assert.ok(found.texts.length > 0);
    for (const { name, texts } of textsOfProcesses()) {
      assert.ok(!texts.includes(secret), name);
    }
    assert.equal((await answer).status, 401);
    assert.ok(!uapid.log().includes(secret));
  });
});

test('a start without the helper says what to install', { skip }, async () => {
  const args = ['--accounts-from', 'system', '--system-users', 'uids:62001-62003'];
  await assert.rejects(
    startUapid([...args, '--password-helper', '/nowhere/pwauth']),
    /uapid ended with 1: [\s\S]*\/nowhere\/pwauth is not there\. Debian’s package pwauth has it/,
  );
});

/** Arguments, titles and environments of everything that runs in the sandbox. */
function textsOfProcesses(): { readonly name: string; readonly texts: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
        return { name: read('comm').trim(), texts: `${read('cmdline')}\n${read('environ')}` };
      } catch {
        return [];
      }
    });
}
