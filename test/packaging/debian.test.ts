import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '../support/debian-packages.ts';
import { needsSandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';
import { type BootedDebian, bootDebian } from './booted-debian.ts';

/*
 * What these tests show is a Debian 13 of its own that systemd has really booted, and the package
 * installed in it by apt with the system's own Node.js.
 */

const skip = needsSandbox();
const timeout = 120_000;
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'uapid-deb-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let built: Promise<string> | null = null;
/** The package, built once for all tests here. */
const thePackage = () => {
  built ??= build('built');
  return built;
};

async function build(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const goal = join(folder, name);
  execFileSync('mkdir', [goal]);
  const { stdout } = await run(join(projectRoot(), 'packaging/debian/build'), [goal], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1790000000', ...env },
    cwd: folder,
  });
  return stdout.trim();
}

let later: Promise<string> | null = null;
/** The same package with a later version. */
const laterVersion = () => {
  later ??= withLaterVersion();
  return later;
};

async function withLaterVersion(): Promise<string> {
  const deb = await thePackage();
  const root = join(folder, 'later');
  await run('dpkg-deb', ['--raw-extract', deb, root]);
  const control = join(root, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: /m, '$&99.'));
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, `${root}.deb`]);
  return `${root}.deb`;
}

const password = randomBytes(12).toString('hex');
const url = 'http://127.0.0.1:2082';

async function install(debian: BootedDebian, deb: string): Promise<string> {
  await debian.run('cat > /root/uapid.deb', readFileSync(deb));
  return await debian.run('apt-get -qy install /root/uapid.deb 2>&1');
}

async function addAdmin({ run: runInside }: BootedDebian): Promise<void> {
  await runInside('uapid account add admin --role admin --password-stdin', `${password}\n`);
}

interface Answer {
  readonly status: number;
  readonly data: readonly Record<string, unknown>[];
  readonly warnings: readonly string[] | null;
}

/** Asks with curl, its credentials in standard input. */
async function ask(debian: BootedDebian, place = url, how = `user = "admin:${password}"`) {
  const command = `curl -sS --max-time 10 -K - ${place}/execute/Ftp/list_sessions`;
  return JSON.parse(await debian.run(command, how)) as Answer;
}

const property = async ({ run: runInside }: BootedDebian, name: string) =>
  (await runInside(`systemctl show uapid --value -p ${name}`)).trim();

test('the same sources make the same package, whoever builds it and when', {
  skip,
  timeout,
}, async () => {
  const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const other = await build('other', { TZ: 'Asia/Tokyo', LC_ALL: 'C', TMPDIR: '/var/tmp' });
  assert.equal(sum(other), sum(await thePackage()));
});

test('installed, it is enabled, runs as the unit says, and answers', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  const said = await install(debian, await thePackage());
  assert.match(said, /there is no account yet\. Make one: uapid account add NAME --role admin/);
  assert.doesNotMatch(said, /error|warning|cannot|Could not/i);
  assert.equal(await property(debian, 'ActiveState'), 'active');
  assert.equal(await property(debian, 'StatusText'), `Listens on ${url}`);
  assert.equal((await debian.run('systemctl is-enabled uapid')).trim(), 'enabled');
  await addAdmin(debian);
  const answer = await ask(debian);
  assert.deepEqual([answer.status, answer.data, answer.warnings], [1, [], null]);

  assert.match(await debian.run('getent passwd uapid'), /:\/nonexistent:\/usr\/sbin\/nologin$/m);
  const modes = 'stat -c "%n %U:%G %a" /var/lib/uapid /var/log/uapid /var/log/uapid/audit.log';
  assert.equal(
    await debian.run(modes),
    '/var/lib/uapid root:root 700\n/var/log/uapid root:root 750\n/var/log/uapid/audit.log root:root 640\n',
  );
  await assertRights(debian, none);
});

const none = '0000000000000000';

/** Root's rights that each side has left; `bounds` are what the HTTP side could be given again. */
async function assertRights(debian: BootedDebian, bounds: string): Promise<void> {
  const processes = await debian.run(
    'for p in $(cat /sys/fs/cgroup/system.slice/uapid.service/cgroup.procs); do ' +
      'grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/$p/status | tr -s "\\t\\n" " "; echo; done',
  );
  const uapid = (await debian.run('id -u uapid')).trim();
  assert.deepEqual(processes.trim().split(' \n'), [
    'Uid: 0 0 0 0 CapEff: 00000000000801e0 CapBnd: 00000000000801e0 NoNewPrivs: 1 Seccomp: 2',
    `Uid: ${uapid} ${uapid} ${uapid} ${uapid} CapEff: ${none} CapBnd: ${bounds} NoNewPrivs: 1 Seccomp: 2`,
  ]);
}

/** Changes the unit as an administrator does, until the next boot, and starts it anew. */
async function dropIn(debian: BootedDebian, ...lines: readonly string[]): Promise<void> {
  const place = '/run/systemd/system/uapid.service.d';
  await debian.run(
    `mkdir -p ${place}; cat > ${place}/x.conf`,
    ['[Service]', ...lines, ''].join('\n'),
  );
  await debian.run('systemctl daemon-reload; systemctl restart uapid');
}

test('with a Node.js that changes its user by itself it runs under the same rights', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  await debian.run('cat > /opt/node; chmod 755 /opt/node', readFileSync(process.execPath));
  const command = '/opt/node /usr/lib/uapid/dist/src/cli.js serve';
  await dropIn(debian, 'ExecStart=', `ExecStart=${command}`);
  assert.equal((await ask(debian)).status, 1);
  // To become another user, which it has done.
  await assertRights(debian, '00000000000000c0');
});

test('the installed unit is without a fault for systemd, its exposure at most 2.5', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  const verify = await debian.attempt('systemd-analyze verify --man=no uapid.service');
  assert.deepEqual(verify, { code: 0, output: '' });
  const unit = '/usr/lib/systemd/system/uapid.service';
  for (const what of ['uapid.service', `--offline=yes ${unit}`]) {
    const { code, output } = await debian.attempt(
      `systemd-analyze security --no-pager --threshold=25 ${what}`,
    );
    assert.equal(code, 0, output);
    assert.match(output, /Overall exposure level for uapid\.service: [012]\.\d OK/);
  }
});

/** Two transfers of a system user's, through the FTP server of the system. */
async function transfers(debian: BootedDebian): Promise<void> {
  await debian.run(
    'useradd -m alice && truncate -s 50M ~alice/big.bin && chpasswd',
    `alice:${password}\n`,
  );
  await debian.run(
    'truncate -s 50M /root/up.bin && cat > /root/ftp',
    `user = "alice:${password}"\n`,
  );
  const curl = 'systemd-run -q curl -sS -K /root/ftp --limit-rate 20k';
  await debian.run(`${curl} -o /dev/null ftp://127.0.0.1/big.bin`);
  await debian.run(`${curl} -T /root/up.bin ftp://127.0.0.1/`);
}

test('with the unit’s few rights the answers are what they are with all of root’s', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  await transfers(debian);
  const place = 'http://127.0.0.1:3082';
  for (const scoreboard of ['/run/pure-ftpd', '/nonexistent']) {
    const setting = `UAPID_SCOREBOARD_DIR=${scoreboard}`;
    await dropIn(debian, `Environment=${setting}`);
    // Another one beside it, which nothing confines.
    await debian.run(
      `systemd-run -q --unit=free -p Type=notify -p NotifyAccess=all -E ${setting} uapid serve --listen ${place}`,
    );
    const both = async () => [await ask(debian), await ask(debian, place)];
    await until(async () => (await both()).every(({ data }) => data.length === 2), {
      what: 'both see both sessions',
      timeoutMs: 20_000,
    });
    const [confined, free] = await both();
    assert.deepEqual(confined, free);
    const rows = confined?.data.map(({ user, file, status, host }) => [user, file, status, host]);
    const user = scoreboard === '/nonexistent' ? '' : 'alice';
    assert.deepEqual(rows?.map(([name, , status, host]) => [name, status, host]).sort(), [
      [user, 'DL', '127.0.0.1'],
      [user, 'UL', '127.0.0.1'],
    ]);
    assert.ok(rows?.every(([, file]) => /(big|up)\.bin$/.test(String(file))));
    await debian.run('systemctl stop free');
  }
  const end = `curl -sS --max-time 20 -K - '${url}/execute/Ftp/kill_session?login=alice'`;
  await dropIn(debian);
  await debian.run(end, `user = "admin:${password}"`);
  assert.deepEqual((await ask(debian)).data, []);
});

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

/** What a HTTP side that somebody has taken over says to systemd, wherever a socket of systemd's is. */
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

test('the HTTP side’s user cannot make the service look alive, or say anything else for it', {
  skip,
  timeout,
}, async (t) => {
  const debian = await bootDebian(t);
  await install(debian, await thePackage());
  await addAdmin(debian);
  const code = '/usr/lib/uapid/dist/src';
  await debian.run(`cat > ${code}/forging.js`, forging);
  await debian.run(`sed -i "1i import './forging.js';" ${code}/http-side.js`);
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
