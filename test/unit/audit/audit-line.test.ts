import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AuditEvent } from '../../../src/audit/audit-event.ts';
import { formatAudit } from '../../../src/audit/audit-line.ts';
import { normalAddress } from '../../../src/lib/client-address.ts';
import { localHost } from '../../../src/sessions/identity.ts';

const at = new Date('2026-11-23T21:00:00.000Z');
const refusal = {
  event: 'access-refused',
  address: '192.0.2.7',
  account: 'bob',
  door: 'execute',
  scheme: 'basic',
  reason: 'credentials',
} as const;

test('every event is one line of the documented form', () => {
  const [address, account, by] = ['192.0.2.7', 'bob', 'root'];
  const lines: [AuditEvent, string][] = [
    [
      { event: 'login', address, account, door: 'login' },
      'login address=192.0.2.7 account="bob" door=login',
    ],
    [
      { event: 'logout', address, account, door: 'login' },
      'logout address=192.0.2.7 account="bob" door=login',
    ],
    [
      { ...refusal, event: 'login-refused', door: 'login', scheme: 'form' },
      'login-refused address=192.0.2.7 account="bob" door=login scheme=form reason=credentials',
    ],
    [
      { ...refusal, address: '::ffff:192.0.2.7', account: null, reason: 'throttled' },
      'access-refused address=192.0.2.7 account=- door=execute scheme=basic reason=throttled',
    ],
    [
      { event: 'account-added', address: null, account, by, role: 'admin' },
      'account-added address=- account="bob" by="root" role=admin',
    ],
    [
      { event: 'account-removed', address: null, account, by },
      'account-removed address=- account="bob" by="root"',
    ],
    [
      { event: 'password-changed', address: null, account, by },
      'password-changed address=- account="bob" by="root"',
    ],
    [
      { event: 'token-added', address: '2001:db8::1', account, by: 'bob', token: 'ci 1' },
      'token-added address=2001:db8::1 account="bob" by="bob" token="ci\\u00201"',
    ],
    [
      { event: 'token-revoked', address: null, account, by, token: 'ci' },
      'token-revoked address=- account="bob" by="root" token="ci"',
    ],
    [
      { event: 'role-changed', address: null, account: null, by, role: 'FTP', state: 'disabled' },
      'role-changed address=- account=- by="root" role=FTP state=disabled',
    ],
    [
      {
        event: 'session-ended',
        host: localHost,
        address,
        account,
        by: 'admin',
        pid: 4711,
        start: '987654',
        login: 'carol@example.com',
        outcome: 'ended',
      },
      'session-ended address=192.0.2.7 account="bob" by="admin" pid=4711 start=987654 ' +
        'login="carol@example.com" outcome=ended',
    ],
    [
      {
        event: 'session-ended',
        host: localHost,
        address,
        account,
        by: 'bob',
        pid: null,
        start: null,
        login: 'all',
        outcome: 'none',
      },
      'session-ended address=192.0.2.7 account="bob" by="bob" pid=- start=- login="all" outcome=none',
    ],
    [
      {
        event: 'call-refused',
        address,
        account,
        by: 'admin',
        function: 'Ftp::kill_session',
        reason: 'cross-site',
      },
      'call-refused address=192.0.2.7 account="bob" by="admin" reason=cross-site ' +
        'function="Ftp::kill_session"',
    ],
  ];
  for (const [event, line] of lines) {
    assert.equal(formatAudit(event, at), `uapid-audit: 2026-11-23T21:00:00.000Z ${line}`);
  }
});

test('what is no address is written as none', () => {
  for (const address of ['unknown', '', '192.0.2.7 account="x"', '::1%a b', '192.0.2.7\n']) {
    assert.match(
      formatAudit({ ...refusal, address }, at),
      / access-refused address=- account="bob"/,
    );
  }
});

const foreignText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\r', '%', '\x1b', ' ', '=', '\ud800', 'é') }),
  fc.constant('x" address=198.51.100.1 account="'),
  fc.constant('bob\nuapid-audit: 2026-11-23T21:00:00.000Z login-refused address=198.51.100.1 '),
);
const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => normalAddress(text) ?? '');
const anyEvent: fc.Arbitrary<AuditEvent> = fc.oneof(
  fc.record({
    event: fc.constantFrom('login-refused' as const, 'access-refused' as const),
    address,
    account: fc.option(foreignText),
    door: foreignText,
    scheme: fc.constant('basic' as const),
    reason: fc.constant('credentials' as const),
  }),
  fc.record({
    event: fc.constant('session-ended' as const),
    host: fc.constantFrom('localhost', 'web-1'),
    address,
    account: foreignText,
    by: foreignText,
    pid: fc.nat(),
    start: foreignText,
    login: foreignText,
    outcome: fc.constant('ended' as const),
  }),
);

test('whatever clients send, a line is printable ASCII of bounded length with its own address', () => {
  const form = /^uapid-audit: (\S+) ([a-z-]+) address=(\S+) account=(-|"[^"\s]*")(?: [a-z]+=\S+)+$/;
  fc.assert(
    fc.property(anyEvent, (event) => {
      const line = formatAudit(event, at);
      assert.match(line, /^[\x21-\x7e ]+$/);
      assert.ok(line.length < 4096);
      const [, time, name, found, account = ''] = form.exec(line) ?? [];
      assert.deepEqual([time, name, found], [at.toISOString(), event.event, event.address]);
      if (event.account === null) assert.equal(account, '-');
      else if (event.account.length <= 128) assert.equal(JSON.parse(account), event.account);
      else assert.equal(JSON.parse(account), `${event.account.slice(0, 128)}~`);
    }),
    { numRuns: 2000 },
  );
});

test('the longest of all texts still fits into one write to a pipe', () => {
  const longest = '\n'.repeat(100_000);
  const line = formatAudit(
    {
      event: 'session-ended',
      host: localHost,
      address: '2001:db8:1111:2222:3333:4444:5555:6666',
      account: longest,
      by: longest,
      pid: Number.MAX_SAFE_INTEGER,
      start: longest,
      login: longest,
      outcome: 'remains',
    },
    at,
  );
  assert.ok(line.length > 3000 && line.length < 4096);
});
