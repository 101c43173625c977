import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { projectRoot } from '../../support/debian-packages.ts';
import { until } from '../../support/until.ts';
import type { BootedDebian } from './booted-debian.ts';
import {
  ask,
  build,
  dropIn,
  journalFromNow,
  password,
  property,
  skip,
  theChanged,
  theInstalled,
  thePackage,
  timeout,
  undoDropIn,
  url,
} from './debian-package.ts';

/*
 * What these tests show is a Debian 13 of its own that systemd has really booted, and the package
 * installed in it by apt with the system's own Node.js: one for all tests, which leave the unit as they
 * found it.
 */

test('the same sources make the same package, whoever builds it, when, and with which npm', {
  skip,
  timeout,
}, async (t) => {
  const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  // As npm before 9.4 leaves them: binaries for another C library, too.
  const further = join(projectRoot(), 'node_modules/@node-rs/argon2-linux-any-musl');
  t.after(() => rmSync(further, { recursive: true, force: true }));
  mkdirSync(further, { recursive: true });
  writeFileSync(join(further, 'argon2.linux-any-musl.node'), 'binary');
  const other = await build('other', { TZ: 'Asia/Tokyo', LC_ALL: 'C', TMPDIR: '/var/tmp' });
  assert.equal(sum(other), sum(await thePackage()));
});

test('the package for arm64 has binaries for arm64, one for another processor is refused, and who publishes it is told', {
  skip,
  timeout,
}, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'uapid-arm64-'));
  t.after(() => rmSync(root, { recursive: true }));
  const who = { DEBFULLNAME: 'Hosts & Sons\\1/2', DEBEMAIL: 'packages@hoster.example' };
  const deb = await build('arm64', { DEB_HOST_ARCH: 'arm64', ...who });
  assert.match(deb, /_arm64\.deb$/);
  execFileSync('dpkg-deb', ['--raw-extract', deb, root]);
  const control = readFileSync(join(root, 'DEBIAN/control'), 'utf8');
  assert.match(control, /^Architecture: arm64$/m);
  assert.match(control, /^Maintainer: Hosts & Sons\\1\/2 <packages@hoster\.example>$/m);
  const binaries = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.node'))
    .map((name) => {
      const header = readFileSync(join(root, name)).subarray(0, 20);
      // elf(5): the magic number, 64 bits, and the machine: EM_AARCH64.
      return [basename(name), header.toString('latin1', 1, 4), header[4], header.readUInt16LE(18)];
    });
  assert.deepEqual(binaries.sort(), [
    ['argon2.linux-arm64-gnu.node', 'ELF', 2, 183],
    ['bcrypt.linux-arm64-gnu.node', 'ELF', 2, 183],
  ]);
  await assert.rejects(build('other-cpu', { DEB_HOST_ARCH: 'riscv64' }), /no package for riscv64/);
});

test('every file that the documents of the package link to or name is in it', {
  skip,
  timeout,
}, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'uapid-documents-'));
  t.after(() => rmSync(root, { recursive: true }));
  execFileSync('dpkg-deb', ['--extract', await thePackage(), root]);
  const folder = join(root, 'usr/share/doc/uapid');
  const documents = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  );
  const missing = documents.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const linked = text.matchAll(/\]\((?!https?:|#)([^)#]+)/g);
    const named = text.matchAll(/`(\/(?:usr\/share\/doc|etc)\/uapid\/[\w./-]+)`/g);
    return [
      ...Array.from(linked, ([, to = '']) => join(folder, dirname(name), to)),
      ...Array.from(named, ([, path = '']) => join(root, path)),
    ]
      .filter((path) => !existsSync(path))
      .map((path) => `${name}: ${path}`);
  });
  assert.ok(documents.length > 15);
  assert.deepEqual(missing, []);
  for (const unit of ['service', 'socket']) {
    const text = readFileSync(join(root, `usr/lib/systemd/system/uapid.${unit}`), 'utf8');
    const document = /^Documentation=.*file:\/\/(\S*)$/m.exec(text)?.[1] ?? '/nothing';
    assert.ok(existsSync(join(root, document)), document);
  }
  const manual = gunzipSync(readFileSync(join(root, 'usr/share/man/man1/uapid.1.gz'))).toString();
  assert.match(manual, /^\.TH UAPID 1 2026-09-21 "uapid [\d.]+" .*\n/);
  assert.match(manual, /^\.SS "uapid account add .*"$/m);
  const completion = join(root, 'usr/share/bash-completion/completions/uapid');
  assert.match(readFileSync(completion, 'utf8'), /^complete -F _uapid uapid$/m);
});

const hasLintian = spawnSync('lintian', ['--version']).status === 0;

test('lintian finds no error and nothing to warn of', {
  skip: skip || (hasLintian ? false : 'needs lintian: install the package lintian'),
  timeout,
}, async () => {
  const options = ['--allow-root', '--fail-on', 'error,warning', '--tag-display-limit', '0'];
  const { status, stdout } = spawnSync('lintian', [...options, await thePackage()], {
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout], [0, '']);
});

test('installed, it is enabled, runs as the unit says, and answers', {
  skip,
  timeout,
}, async () => {
  const { debian, said } = await theInstalled();
  assert.match(said, /there is no account yet\. Make one: uapid account add NAME --role admin/);
  assert.doesNotMatch(said, /error|warning|cannot|Could not/i);
  assert.equal(await property(debian, 'ActiveState'), 'active');
  assert.equal(await property(debian, 'StatusText'), `Listens on ${url}`);
  assert.equal((await debian.run('systemctl is-enabled uapid')).trim(), 'enabled');
  const answer = await ask(debian);
  assert.deepEqual([answer.status, answer.data, answer.warnings], [1, [], null]);

  assert.match(await debian.run('getent passwd uapid'), /:\/nonexistent:\/usr\/sbin\/nologin$/m);
  const modes = 'stat -c "%n %U:%G %a" /var/lib/uapid /var/log/uapid /var/log/uapid/audit.log';
  assert.equal(
    await debian.run(modes),
    '/var/lib/uapid root:root 700\n/var/log/uapid root:root 750\n/var/log/uapid/audit.log root:root 640\n',
  );
  await assertRights(debian, none, { isLogged: true });
});

const none = '0000000000000000';

/** Root's rights that each process has left; `bounds` are what the worker could be given again. */
async function assertRights(
  debian: BootedDebian,
  bounds: string,
  { isLogged }: { readonly isLogged: boolean },
): Promise<void> {
  const processes = await debian.run(
    'for p in $(cat /sys/fs/cgroup/system.slice/uapid.service/cgroup.procs); do ' +
      'grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/$p/status | tr -s "\\t\\n" " "; echo; done',
  );
  const uapid = (await debian.run('id -u uapid')).trim();
  assert.deepEqual(processes.trim().split(' \n'), [
    'Uid: 0 0 0 0 CapEff: 00000000000801e0 CapBnd: 00000000000801e0 NoNewPrivs: 1 Seccomp: 2',
    // The recorder of the session log: to look at others' processes.
    ...(isLogged
      ? ['Uid: 0 0 0 0 CapEff: 0000000000080000 CapBnd: 0000000000080000 NoNewPrivs: 1 Seccomp: 2']
      : []),
    // The scanner: to look at others' processes, and to end sessions.
    'Uid: 0 0 0 0 CapEff: 0000000000080020 CapBnd: 0000000000080020 NoNewPrivs: 1 Seccomp: 2',
    `Uid: ${uapid} ${uapid} ${uapid} ${uapid} CapEff: ${none} CapBnd: ${bounds} NoNewPrivs: 1 Seccomp: 2`,
  ]);
}

test('with a Node.js that changes its user by itself it runs under the same rights', {
  skip,
  timeout,
}, async (t) => {
  const { debian } = await theChanged();
  t.after(() => undoDropIn(debian));
  await debian.run('cat > /opt/node; chmod 755 /opt/node', readFileSync(process.execPath));
  const command = '/opt/node /usr/lib/uapid/dist/src/cli.js serve';
  await dropIn(debian, 'ExecStart=', `ExecStart=${command}`);
  assert.equal((await ask(debian)).status, 1);
  // To become another user, which it has done.
  // Started like that it knows nothing of the package's configuration, which keeps a session log.
  await assertRights(debian, '00000000000000c0', { isLogged: false });
});

test('the installed unit is without a fault for systemd, its exposure at most 2.5', {
  skip,
  timeout,
}, async () => {
  const { debian } = await theInstalled();
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
  const { debian } = await theChanged();
  t.after(async () => {
    await debian.attempt('systemctl stop free; systemctl restart pure-ftpd');
    await undoDropIn(debian);
  });
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
      timeoutMs: 60_000,
    });
    const [confined, free] = await both();
    assert.deepEqual(confined, free);
    const rows = confined?.data.map(({ user, file, status, host }) => [user, file, status, host]);
    assert.deepEqual(rows?.map(([user, , status, host]) => [user, status, host]).sort(), [
      ['alice', 'DL', '127.0.0.1'],
      ['alice', 'UL', '127.0.0.1'],
    ]);
    assert.ok(rows?.every(([, file]) => /(big|up)\.bin$/.test(String(file))));
    await debian.run('systemctl stop free');
  }
  const end = `curl -sS --max-time 20 -K - '${url}/execute/Ftp/kill_session?login=alice'`;
  await dropIn(debian);
  await debian.run(end, `user = "admin:${password}"`);
  assert.deepEqual((await ask(debian)).data, []);
});

test('systemd restarts it when its main process hangs, and stops it within 15 s at work', {
  skip,
  timeout,
}, async (t) => {
  const { debian } = await theChanged();
  t.after(() => undoDropIn(debian));
  const journal = await journalFromNow(debian);
  await dropIn(debian, 'WatchdogSec=3', 'RestartSec=0');
  const main = await property(debian, 'MainPID');
  // Three times as long as the watchdog waits.
  await debian.run('sleep 9');
  assert.equal(await property(debian, 'MainPID'), main);
  await debian.run(`kill -STOP ${main}`);
  const isAnother = async () =>
    (await property(debian, 'MainPID')) !== main &&
    (await property(debian, 'ActiveState')) === 'active';
  await until(isAnother, { what: 'it is restarted', timeoutMs: 60_000, everyMs: 200 });
  assert.equal((await ask(debian)).status, 1);
  assert.match(await journal(), /Watchdog timeout/);

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
  const { debian } = await theChanged();
  const code = '/usr/lib/uapid/dist/src';
  const kept = '/root/http-worker.js';
  await debian.run(`cp -p ${code}/http-worker.js ${kept}`);
  t.after(async () => {
    await debian.run(`mv ${kept} ${code}/http-worker.js; rm -f ${code}/forging.js`);
    await undoDropIn(debian);
  });
  const journal = await journalFromNow(debian);
  await debian.run(`cat > ${code}/forging.js`, forging);
  await debian.run(`sed -i "1i import './forging.js';" ${code}/http-worker.js`);
  await dropIn(debian, 'WatchdogSec=3', 'RestartSec=0');
  const uid = (await debian.run('id -u uapid')).trim();
  for (const path of ['/run/systemd/notify', '/run/uapid/notify/socket']) {
    const denied = new RegExp(`forging at ${path} as ${uid} .*Permission denied`);
    await until(async () => denied.test(await journal()), {
      what: `it is denied at ${path}`,
      timeoutMs: 60_000,
      everyMs: 500,
    });
  }
  const main = await property(debian, 'MainPID');
  assert.equal(await property(debian, 'StatusText'), `Listens on ${url}`);
  await debian.run(`kill -STOP ${main}`);
  const isAnother = async () =>
    (await property(debian, 'MainPID')) !== main &&
    (await property(debian, 'ActiveState')) === 'active';
  await until(isAnother, { what: 'it is restarted', timeoutMs: 60_000, everyMs: 200 });
  assert.match(await journal(), /Watchdog timeout/);
  assert.doesNotMatch(await journal(), /forging .* sent/);
});

test('the package’s drop-in for Prometheus hands the metrics’ token to a service of another user', {
  skip,
  timeout,
}, async (t) => {
  const { debian } = await theChanged();
  const unit = '/run/systemd/system/prometheus.service';
  t.after(async () => {
    await debian.run(`rm -r ${unit} ${unit}.d`);
    await undoDropIn(debian);
  });
  await dropIn(debian, 'Environment=UAPID_METRICS=http://127.0.0.1:9284');
  // As systemd has it on a host; in a container it leaves that to the container's manager, and
  // credentials are a mount of its own (systemd.exec(5)).
  await debian.run('mount --make-rshared /');
  const example = '/usr/share/doc/uapid/examples/prometheus/prometheus.service.d';
  await debian.run(`cp -r ${example} ${unit}.d`);
  const token = '/run/credentials/prometheus.service/uapid-metrics-token';
  await debian.run(
    'cat > /usr/local/bin/scrape; chmod 755 /usr/local/bin/scrape',
    `#!/bin/sh
printf 'header = "Authorization: Bearer %s"' "$(cat ${token})" |
  curl -sS -K - http://127.0.0.1:9284/metrics
`,
  );
  // In the place of Prometheus, which is not in this Debian.
  await debian.run(
    `cat > ${unit}`,
    '[Service]\nType=oneshot\nDynamicUser=yes\nExecStart=/usr/local/bin/scrape\n',
  );
  const unasked = await debian.run(
    'curl -sS -o /dev/null -w "%{http_code}" http://127.0.0.1:9284/metrics',
  );
  assert.equal(unasked, '401');
  await debian.run('systemctl daemon-reload; systemctl start prometheus');
  const said = await debian.run('journalctl -u prometheus -o cat');
  assert.match(said, /^uapid_sessions\b|^# TYPE uapid_/m);
});

test('the audit log goes on in a new file after logrotate, without a signal', {
  skip,
  timeout,
}, async () => {
  const { debian } = await theInstalled();
  // What is in the log by now is out of the way.
  const past =
    '{"event":"gap","at":"2020-01-01T00:00:00.000Z","since":null,"daemon":null,"cause":"deleted","count":1}';
  await debian.run(`printf '%s\\n' '${past}' >> /var/log/uapid/sessions.log`);
  await debian.run('logrotate --force /etc/logrotate.d/uapid');
  /** The log goes out behind the answer. */
  const wrong = async () => {
    await debian.attempt(`curl -sS -u admin:wrong ${url}/Ftp/list_sessions`);
    const inLog = () => debian.attempt('grep -c refused /var/log/uapid/audit.log');
    await until(async () => (await inLog()).output.trim() === '1', { what: 'it is in the log' });
  };
  await wrong();
  await debian.run('logrotate --force /etc/logrotate.d/uapid');
  await wrong();
  const logs = await debian.run(
    'cd /var/log/uapid; grep -c refused audit.log.1 audit.log; stat -c %a audit.log',
  );
  assert.equal(logs, 'audit.log.1:1\naudit.log:1\n640\n');
  // The session log is the package's example of one: whoever asks finds its old files.
  const history = await debian.run('uapid history 2>&1; stat -c %a /var/log/uapid/sessions.log');
  assert.match(history, /one line was deleted on demand/);
  assert.match(history, /600\n$/);
});
