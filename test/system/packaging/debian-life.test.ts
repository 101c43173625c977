import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { until } from '../../support/until.ts';
import { type BootedDebian, bootDebian } from './booted-debian.ts';
import {
  addAdmin,
  ask,
  dropIn,
  install,
  laterVersion,
  property,
  skip,
  thePackage,
  timeout,
  url,
} from './debian-package.ts';

/*
 * What these tests show is a Debian 13 of its own that systemd has really booted, and the package
 * installed in it by apt with the system's own Node.js.
 */

test('an upgrade restarts it and keeps accounts, tokens and roles; a changed setting stays', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  await debian.run('uapid account add bob --password-stdin', `${randomBytes(9).toString('hex')}\n`);
  const token = /\b[A-Za-z0-9]{32,}\b/.exec(await debian.run('uapid token add admin'))?.[0] ?? '';
  const withToken = `header = "Authorization: cpanel admin:${token}"`;
  assert.equal((await ask(debian, url, withToken)).status, 1);
  await debian.run('uapid role disable FTP');
  const disabled = await ask(debian);
  assert.equal(disabled.status, 0);
  await debian.run('sed -i s/:2082/:2992/ /etc/uapid/uapid.json');
  const before = await property(debian, 'MainPID');
  const lists = 'uapid account list; uapid token list; uapid role list';
  const listed = await debian.run(lists);

  await install(debian, await laterVersion());
  assert.notEqual(await property(debian, 'MainPID'), before);
  assert.equal(await property(debian, 'ActiveState'), 'active');
  const moved = 'http://127.0.0.1:2992';
  assert.deepEqual(await ask(debian, moved), disabled);
  assert.equal(await debian.run(lists), listed);
  await debian.run('uapid role enable FTP');
  assert.equal((await ask(debian, moved)).status, 1);
  assert.equal((await ask(debian, moved, withToken)).status, 1);
});

/** Every file of the system but its journals, caches and lists of packages. */
async function filesOf({ run: runInside }: BootedDebian): Promise<string[]> {
  const list = await runInside('find / -xdev | sort');
  const own =
    /^\/(var\/(log\/(journal|apt|dpkg|alternatives)|cache|lib\/(apt|dpkg|systemd))|tmp|var\/tmp|root)(\/|\.|$)/;
  return list.split('\n').filter((path) => !own.test(path));
}

test('removed it is stopped and its state stays; purged there is nothing left of it', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  const users = 'cat /etc/passwd /etc/group /etc/shadow /etc/gshadow';
  const before = { files: await filesOf(debian), users: await debian.run(users) };
  await install(debian, await thePackage());
  await addAdmin(debian);
  assert.equal((await ask(debian)).status, 1);

  await debian.run('apt-get -qy remove uapid 2>&1');
  assert.equal(await property(debian, 'ActiveState'), 'inactive');
  const kept = await debian.run('ls /var/lib/uapid /var/log/uapid /etc/uapid');
  assert.match(kept, /accounts\.json[\s\S]*audit\.log|uapid\.json/);
  for (const gone of ['/usr/lib/uapid', '/usr/bin/uapid', '/run/uapid']) {
    assert.equal((await debian.attempt(`ls -d ${gone}`)).code, 2, gone);
  }
  await install(debian, await thePackage());
  assert.equal((await ask(debian)).status, 1);

  const said = await debian.run('apt-get -qy purge uapid 2>&1');
  assert.doesNotMatch(said, /not empty|warning/i);
  const systemd = await debian.run('find /var/lib/systemd /etc /run -name "*uapid*"');
  assert.equal(systemd, '');
  // The user tools keep one copy of what was there before.
  const isNew = (path: string) =>
    !before.files.includes(path) && !/^\/etc\/(passwd|group|shadow|gshadow)-$/.test(path);
  assert.deepEqual((await filesOf(debian)).filter(isNew), []);
  assert.equal(await debian.run(users), before.users);
});

test('systemd restarts it when its main process hangs, and stops it within 15 s at work', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  await dropIn(debian, 'WatchdogSec=3', 'RestartSec=0');
  const main = await property(debian, 'MainPID');
  // Three times as long as the watchdog waits.
  await debian.run('sleep 9');
  assert.equal(await property(debian, 'MainPID'), main);
  await debian.run(`kill -STOP ${main}`);
  const isAnother = async () =>
    (await property(debian, 'MainPID')) !== main &&
    (await property(debian, 'ActiveState')) === 'active';
  await until(isAnother, { what: 'it is restarted', timeoutMs: 20_000, everyMs: 200 });
  assert.equal((await ask(debian)).status, 1);
  assert.match(await debian.run('journalctl -u uapid -o cat'), /Watchdog timeout/);

  const stop = await debian.run('date +%s%N; systemctl stop uapid; date +%s%N');
  const [from = 0, to = 0] = stop.trim().split('\n').map(Number);
  assert.ok((to - from) / 1e6 < 15_000);
  assert.equal(await property(debian, 'Result'), 'success');
});

/** What a worker that somebody has taken over says to systemd, wherever a socket of systemd's is. */
const forging = `
import { execFile } from 'node:child_process';
const messages = ['STATUS=forged', 'WATCHDOG=1', 'WATCHDOG_USEC=9999999999', 'MAINPID=' + process.pid];
for (const NOTIFY_SOCKET of ['/run/systemd/notify', '/run/uapid/notify/socket']) {
  setInterval(() => {
    // As one that is taken over by a request: it has given up root's rights by then.
    if (process.getuid() === 0) return;
    const env = { PATH: process.env.PATH, NOTIFY_SOCKET };
    execFile('systemd-notify', messages, { env }, (error, stdout, stderr) => {
      console.error('forging at', NOTIFY_SOCKET, 'as', process.getuid(), error === null ? 'sent' : stderr.trim());
    });
  }, 300);
}
`;

test('the worker’s user cannot make the service look alive, or say anything else for it', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  const code = '/usr/lib/uapid/dist/src';
  await debian.run(`cat > ${code}/forging.js`, forging);
  await debian.run(`sed -i "1i import './forging.js';" ${code}/http-worker.js`);
  await dropIn(debian, 'WatchdogSec=3', 'RestartSec=0');
  const uid = (await debian.run('id -u uapid')).trim();
  const journal = () => debian.run('journalctl -u uapid -o cat');
  for (const path of ['/run/systemd/notify', '/run/uapid/notify/socket']) {
    const denied = new RegExp(`forging at ${path} as ${uid} .*Permission denied`);
    await until(async () => denied.test(await journal()), {
      what: `it is denied at ${path}`,
      timeoutMs: 30_000,
      everyMs: 500,
    });
  }
  const main = await property(debian, 'MainPID');
  assert.equal(await property(debian, 'StatusText'), `Listens on ${url}`);
  await debian.run(`kill -STOP ${main}`);
  const isAnother = async () =>
    (await property(debian, 'MainPID')) !== main &&
    (await property(debian, 'ActiveState')) === 'active';
  await until(isAnother, { what: 'it is restarted', timeoutMs: 30_000, everyMs: 200 });
  assert.match(await journal(), /Watchdog timeout/);
  assert.doesNotMatch(await journal(), /forging .* sent/);
});

test('the audit log goes on in a new file after logrotate, without a signal', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  const wrong = async () => {
    await debian.attempt(`curl -sS -u admin:wrong ${url}/Ftp/list_sessions`);
  };
  await wrong();
  await debian.run('logrotate --force /etc/logrotate.d/uapid');
  await wrong();
  const logs = await debian.run(
    'cd /var/log/uapid; grep -c refused audit.log.1 audit.log; stat -c %a audit.log',
  );
  assert.equal(logs, 'audit.log.1:1\naudit.log:1\n640\n');
});
