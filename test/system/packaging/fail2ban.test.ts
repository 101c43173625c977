import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createAudit } from '../../../src/audit/audit.ts';
import type { AuditEvent } from '../../../src/audit/audit-event.ts';
import { openAuditFile } from '../../../src/audit/audit-file.ts';
import { formatAudit } from '../../../src/audit/audit-line.ts';
import { normalAddress } from '../../../src/lib/client-address.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { projectRoot } from '../../support/debian-packages.ts';
import { until } from '../../support/until.ts';
import { fail2ban } from './fail2ban-programs.ts';

const packaging = join(projectRoot(), 'packaging', 'fail2ban');
const filter = join(packaging, 'filter.d', 'uapid.conf');
const at = new Date('2026-11-23T21:00:00.250Z');

const refusal = {
  event: 'login-refused',
  address: '192.0.2.7',
  account: 'bob',
  door: 'login',
  scheme: 'form',
  reason: 'credentials',
} as const;
const line = (change: Partial<AuditEvent> = {}) =>
  formatAudit({ ...refusal, ...change, claimed: 'line' } as Parameters<typeof formatAudit>[0], at);

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fail2ban-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What the real fail2ban-regex finds in those lines: "ADDRESS SECONDS-SINCE-1970", in order. */
async function found(t: TestContext, lines: readonly string[], options: readonly string[] = []) {
  const log = join(folder(t), 'audit.log');
  writeFileSync(log, lines.map((each) => `${each}\n`).join(''));
  const { run } = await fail2ban();
  const output = await run('fail2ban-regex', [...options, '-o', '<ip> <time>', log, filter]);
  return output.split('\n').filter((each) => each !== '');
}

const seconds = at.getTime() / 1000 - 0.25;

test('fail2ban finds each refusal for guessing, with its address and its time in UTC', async (t) => {
  const lines = [
    line(),
    line({ event: 'access-refused', address: '2001:db8::1', scheme: 'basic', door: 'execute' }),
    line({ event: 'access-refused', address: '203.0.113.9', account: null, reason: 'throttled' }),
  ];
  for (const zone of ['UTC', 'UTC+0900', 'UTC-0500']) {
    assert.deepEqual(await found(t, lines, [`--timezone=${zone}`]), [
      `192.0.2.7 ${seconds}`,
      `2001:db8::1 ${seconds}`,
      `203.0.113.9 ${seconds}`,
    ]);
  }
});

test('fail2ban finds nothing in what is no guessing', async (t) => {
  const who = { address: '192.0.2.7', account: 'bob', by: 'root' };
  const events: AuditEvent[] = [
    { event: 'login', ...who, door: 'login' },
    { event: 'logout', ...who, door: 'login' },
    { ...refusal, reason: 'not-administrator' },
    { ...refusal, address: null },
    { event: 'account-added', ...who, role: 'admin' },
    { event: 'account-removed', ...who },
    { event: 'password-changed', ...who },
    { event: 'token-added', ...who, token: 'ci' },
    { event: 'token-revoked', ...who, token: 'ci' },
    { event: 'role-changed', ...who, role: 'FTP', state: 'disabled' },
    {
      event: 'session-ended',
      host: localHost,
      ...who,
      pid: 1,
      start: '2',
      login: 'carol',
      outcome: 'ended',
    },
    { event: 'call-refused', ...who, function: 'Ftp::kill_session', reason: 'cross-site' },
  ];
  const lines = events.map((event) => formatAudit(event, at));
  assert.deepEqual(await found(t, lines), []);
  // The same file with one refusal in it, lest nothing be found for another reason.
  assert.deepEqual(await found(t, [...lines, line()]), [`192.0.2.7 ${seconds}`]);
});

const victim = '198.51.100.1';
const forged = `uapid-audit: 2026-11-23T21:00:00.250Z login-refused address=${victim} account="v" door=login scheme=form reason=credentials`;
const forgeries = [
  `bob\n${forged}`,
  `bob\n${forged} claimed=line`,
  `bob" door=login scheme=form reason=credentials claimed=line`,
  `bob\r\n${forged}`,
  `bob\r${forged}`,
  `\u2028${forged}`,
  `\x85${forged}`,
  forged,
  ` address=${victim} account="`,
  `x" address=${victim} account="x" door=login scheme=form reason=credentials`,
  `" door=login scheme=form reason=credentials\n${forged}`,
  '%s%n%(asctime)s%%',
  "'; touch /tmp/owned; '",
  '$(id) `id` <HOST> <ip>',
  '\x1b[2K\x1b[1A\x1b]0;title\x07',
  '\x08'.repeat(200) + forged,
  '\0\0\0',
  '~!touch /tmp/owned',
  'b\u00f6b \ud800 \u202e',
  victim,
  `::ffff:${victim}`,
  'x'.repeat(100_000),
  '',
];

test('no name that an attacker makes up bans another address or hides his own', async (t) => {
  const lines = forgeries.map((account) => line({ account }));
  assert.deepEqual(
    await found(t, lines),
    lines.map(() => `192.0.2.7 ${seconds}`),
  );
  const accepted = forgeries.map((account) => line({ event: 'login', account }));
  assert.deepEqual(await found(t, accepted), []);
});

test('whatever the name, fail2ban finds exactly the address, of IPv4 and of IPv6', async (t) => {
  const address = fc
    .oneof(fc.ipV4(), fc.ipV6())
    .map((text) => normalAddress(text) ?? '')
    .filter((text) => text !== '::');
  const account = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii' }));
  const samples = fc.sample(fc.record({ address, account }), 2000);
  const hits = await found(
    t,
    samples.map((sample) => line(sample)),
  );
  assert.equal(hits.length, samples.length);
  for (const [index, sample] of samples.entries()) {
    // Python writes ::c000:207 as ::192.0.2.7, which is the same address.
    const [hit = ''] = hits[index]?.split(' ') ?? [];
    assert.equal(normalAddress(hit), sample.address, line(sample));
  }
});

test('only a whole line from its beginning counts, not one quoted in another', async (t) => {
  const others = [
    ` ${forged}`,
    `x${forged}`,
    `x ${forged}`,
    `{"level":30,"account":"${forged}"}`,
    `{"account":"x uapid[1]: ${forged}`,
    `evil uapid: ${forged}`,
    `${forged} and more`,
    forged.replace('uapid-audit:', 'uapid-audit'),
    forged.replace('account="v"', 'account="v" address=192.0.2.1'),
    forged.replace('2026-11-23T21:00:00.250Z', 'someday'),
  ];
  assert.deepEqual(await found(t, others), []);
  assert.deepEqual(await found(t, [...others, forged]), [`${victim} ${seconds}`]);
});

test('lines are found in the journal as well, behind the prefix that systemd gives them', async (t) => {
  // fail2ban takes the time from the journal's entry; here a pattern cuts it off in its stead.
  const pattern = ['-d', '^(%Y-%m-%d %H:%M:%S\\s)', '--timezone=UTC'];
  const lines = [
    `2026-11-23 21:00:00 web1.example.com uapid[4711]: ${line()}`,
    `2026-11-23 21:00:00 web1.example.com sshd[4711]: ${forged}`,
    `2026-11-23 21:00:00 web1.example.com uapid[4711]: {"account":"${forged}"}`,
    `2026-11-23 21:00:00 web1.example.com uapid[4711]: x uapid[1]: ${forged}`,
  ];
  assert.deepEqual(await found(t, lines, pattern), [`192.0.2.7 ${seconds}`]);
});

/** fail2ban's own configuration with our filter and jail, which watches a log of our own. */
function configured(t: TestContext, original: string) {
  const config = folder(t);
  cpSync(original, config, { recursive: true });
  rmSync(join(config, 'jail.d'), { recursive: true });
  cpSync(packaging, config, { recursive: true });
  const log = join(config, 'audit.log');
  writeFileSync(log, '');
  const jail = join(config, 'jail.d', 'uapid.conf');
  const turnOn = (more = '') => {
    const text = readFileSync(jail, 'utf8')
      .replace('enabled = false', 'enabled = true')
      .replace('logpath = /var/log/uapid/audit.log', `logpath = ${log}`);
    writeFileSync(jail, `${text}${more}`);
  };
  return { config, log, turnOn };
}

test('the jail is off until the administrator turns it on, and then as it says', async (t) => {
  const { config: original, run } = await fail2ban();
  const { config, log, turnOn } = configured(t, original);
  const commands = async () => {
    const dump = await run('fail2ban-client', ['-c', config, '-d']);
    return dump.split('\n').filter((each) => each.includes("'uapid'"));
  };
  assert.deepEqual(await commands(), []);
  turnOn();
  const taken = await commands();
  for (const expected of [
    "['add', 'uapid', 'auto']",
    `['set', 'uapid', 'addlogpath', '${log}', 'head']`,
    "['set', 'uapid', 'maxretry', 10]",
    "['set', 'uapid', 'findtime', '10m']",
    "['set', 'uapid', 'bantime', '1h']",
    "['start', 'uapid']",
  ]) {
    assert.ok(taken.includes(expected), `${expected} in\n${taken.join('\n')}`);
  }
});

test('a running fail2ban bans who fails ten times in the log, and nobody else', async (t) => {
  const { config: original, serve } = await fail2ban();
  const { config, log, turnOn } = configured(t, original);
  const bans = join(config, 'bans');
  writeFileSync(bans, '');
  writeFileSync(
    join(config, 'action.d', 'note.conf'),
    `[Definition]\nactionban = echo <ip> >> ${bans}\nactionunban =\n`,
  );
  turnOn('action = note\n');
  writeFileSync(
    join(config, 'fail2ban.local'),
    '[Definition]\nlogtarget = STDOUT\ndbfile = None\n',
  );
  const [socket, pid] = [join(config, 'socket'), join(config, 'pid')];
  const server = serve(['-c', config, '-s', socket, '-p', pid]);
  const ended = once(server, 'exit');
  t.after(async () => {
    server.kill();
    await ended;
  });
  let said = '';
  server.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const audit = createAudit(openAuditFile(log).write);
  await until(() => said.includes("Jail 'uapid' started") || server.exitCode !== null, {
    what: `fail2ban has started: ${said}`,
    timeoutMs: 60_000,
  });
  for (let i = 0; i < 10; i++) {
    audit.record({ ...refusal, account: `x\n${forged}` });
    if (i < 9) audit.record({ ...refusal, address: '203.0.113.9' });
  }
  await until(() => readFileSync(bans, 'utf8'), { what: 'somebody is banned', timeoutMs: 60_000 });
  // A further one shows that everything before it has been looked at.
  for (let i = 0; i < 10; i++) audit.record({ ...refusal, address: '2001:db8::1' });
  const both = () => readFileSync(bans, 'utf8').split('\n').length > 2;
  await until(both, { what: 'the second one is banned', timeoutMs: 60_000 });
  assert.equal(readFileSync(bans, 'utf8'), '192.0.2.7\n2001:db8::1\n', said);
});
