import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Finding } from '../../../src/check/finding.ts';
import { checkHosts } from '../../../src/check/fleet-hosts.ts';
import { checkNats, type NatsCheck } from '../../../src/check/fleet-nats.ts';
import {
  type Attempt,
  attemptsOfGateway,
  attemptsOfHost,
} from '../../../src/check/fleet-permissions.ts';
import { createAnswerer } from '../../../src/fleet/agent/answer-ask.ts';
import { openHostsStore } from '../../../src/fleet/inventory/hosts-store.ts';
import { ensureKeys, readKeys } from '../../../src/fleet/key-files.ts';
import { natsConfig } from '../../../src/fleet/nats-config.ts';
import type { ConnectionKey } from '../../../src/fleet/signature/keys.ts';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../src/fleet/signature/keys.ts';
import { createNatsAgent } from '../../../src/fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../../../src/fleet/transport/nats-gateway.ts';
import type { AgentTransport, Answerer } from '../../../src/fleet/transport/transport.ts';
import { version } from '../../../src/lib/version.ts';
import { snapshot } from '../../support/app.ts';
import { runUapid } from '../../support/cli-run.ts';
import { listsAlone } from '../../support/lists-alone.ts';
import {
  createAuthority,
  type RunningNats,
  startNats,
  type TestAuthority,
} from '../../support/nats/nats-server.ts';
import { newKey } from '../../support/new-fleet-key.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';

/** A user of the configuration whose rights were changed by hand. */
interface Changed {
  readonly role: 'host' | 'gateway';
  readonly key: ConnectionKey;
  readonly change: (user: string) => string;
}

const gateways = ['gw1', 'gw2'];
const hostNames = ['web1', 'both', 'late', 'absent', 'other', 'stranger', 'liar', 'old'] as const;
/** Two machines have its key. */
const twin = newKey();

/** Adds a subject to what a user may publish or read. */
function widen({ kind, subject }: Attempt): (user: string) => string {
  return (user) => user.replace(`${kind}: { allow: [`, `${kind}: { allow: ["${subject}", `);
}

describe('uapid fleet check', { skip: needsSandbox() }, () => {
  let authority: TestAuthority;
  let nats: RunningNats;
  let folder: string;
  let gatewayKey: ConnectionKey;
  let hostTls: NatsCheck['tls'];
  const keys = new Map(hostNames.map((name) => [name as string, newKey()]));
  const changed: Changed[] = [];
  const opened: AgentTransport[] = [];

  const keyOf = (name: string) => keys.get(name) ?? newKey();

  const add = (role: Changed['role'], change: Changed['change']): ConnectionKey => {
    const key = newKey();
    changed.push({ role, key, change });
    return key;
  };
  const wide = {
    host: attemptsOfHost('web1', gateways).mustNot.map((attempt) => ({
      attempt,
      key: add('host', widen(attempt)),
    })),
    gateway: attemptsOfGateway('gw1').mustNot.map((attempt) => ({
      attempt,
      key: add('gateway', widen(attempt)),
    })),
  };
  const narrow = {
    host: add('host', (user) => user.replace('uapid.v1.ask.r0.web1.*', 'uapid.v1.other')),
    gateway: add('gateway', (user) => user.replace('"uapid.v1.ask.*.*.list"', '"uapid.v1.other"')),
  };

  /** What `fleet nats-config` writes, and then the hand that changes it. */
  function config(listen: string): string {
    const of = (role: Changed['role'], name: string) =>
      changed.filter((each) => each.role === role).map(({ key }) => ({ name, key: key.publicKey }));
    const text = natsConfig({
      gateways: [
        { name: 'gw1', key: gatewayKey.publicKey },
        { name: 'gw3', key: keyOf('both').publicKey },
        ...of('gateway', 'gw1'),
      ],
      hosts: [
        ...Array.from(keys, ([name, key]) => ({ name, key: key.publicKey })),
        { name: 'twin', key: twin.publicKey },
        ...of('host', 'web1'),
      ],
      tls: authority.serverFiles,
      listen,
      operator: null,
    });
    const users = text.split(/(?=\n {6}\{ nkey: )/);
    return users
      .map((user) => {
        const found = changed.find(({ key }) => user.includes(key.publicKey));
        return found === undefined ? user : found.change(user);
      })
      .join('');
  }

  before(async () => {
    authority = createAuthority();
    folder = mkdtempSync(join(tmpdir(), 'uapid-check-'));
    await ensureKeys(folder, { replace: false });
    gatewayKey = readKeys(folder).connection;
    hostTls = authority.client('member');
    nats = await startNats(config);
  });
  after(async () => {
    await Promise.all(opened.map((agent) => agent.close()));
    await nats?.stop();
    authority?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const check = (more: Partial<NatsCheck>): Promise<Finding[]> =>
    checkNats({
      url: nats.url,
      tls: hostTls,
      key: keys.get('web1') ?? newKey(),
      host: { name: 'web1', gateways: gateways.map((name) => ({ name })) },
      gateway: null,
      ...more,
    });
  const asGateway = { host: null, gateway: 'gw1' } as const;
  const toMend = (findings: readonly Finding[]) =>
    findings.filter(({ state }) => state === 'mend').map(({ text }) => text);

  test('with the configuration that uapid writes all is well on both ends, and each line says so', async () => {
    const onHost = await check({});
    const onGateway = await check({ ...asGateway, key: gatewayKey });
    const gatewaysOfBoth = [...gateways, 'gw3'].map((name) => ({ name }));
    const host = { name: 'both', gateways: gatewaysOfBoth };
    const onBoth = await check({ host, gateway: 'gw3', key: keyOf('both') });
    assert.match(
      onBoth.at(-1)?.text ?? '',
      /^The host both, also gateway gw3, may do what it has to, .* \(6 allowed and \d\d refused\)/,
    );
    for (const findings of [onHost, onGateway, onBoth]) {
      assert.deepEqual(
        findings.map(({ state }) => state),
        ['ok', 'ok', 'ok'],
        JSON.stringify(findings),
      );
    }
  });

  test('each right too many is found and named, and each that is missing', async () => {
    for (const { attempt, key } of wide.host) {
      const found = toMend(await check({ key })).join('\n');
      assert.ok(found.includes(`The host web1 may ${attempt.what} (`), `${attempt.what}: ${found}`);
      assert.ok(found.includes(` ${attempt.subject})`), attempt.subject);
    }
    for (const { attempt, key } of wide.gateway) {
      const found = toMend(await check({ ...asGateway, key })).join('\n');
      assert.ok(
        found.includes(`The gateway gw1 may ${attempt.what} (`),
        `${attempt.what}: ${found}`,
      );
    }
    const deaf = toMend(await check({ key: narrow.host })).join('\n');
    assert.match(
      deaf,
      /^The host web1 may not receive its own questions .*: give it the name that its key has there \(--fleet-host/,
    );
    const mute = toMend(await check({ ...asGateway, key: narrow.gateway })).join('\n');
    assert.match(mute, /^The gateway gw1 may not ask hosts by “list”/);
  });

  test('what keeps a member out is told as what it is', async () => {
    const stranger = createAuthority();
    const foreign = stranger.client('web1');
    stranger.remove();
    const { ca } = hostTls ?? { ca: '' };
    const cases: [Partial<NatsCheck>, RegExp][] = [
      [{ tls: foreign }, /is of another authority than the one in --fleet-tls-ca/],
      [{ tls: { ...foreign, ca } }, /does not take this machine’s certificate: .*--fleet-tls-cert/],
      [{ key: newKey() }, /does not know this key .*uapid fleet host add/],
      [{ tls: null }, /wants TLS: name --fleet-tls-ca/],
      [{ url: 'nats://127.0.0.1:1' }, /cannot be reached \(ECONNREFUSED\)/],
    ];
    for (const [more, text] of cases) {
      const [finding, ...rest] = toMend(await check(more));
      assert.match(finding ?? '', text);
      assert.deepEqual(rest, []);
    }
  });

  test('a server without TLS, and one that lets in everybody, are found', async () => {
    const plain = await startNats((listen) => `listen: "${listen}"\n`);
    try {
      const [spoken] = toMend(await check({ url: plain.url }));
      assert.match(spoken ?? '', /speaks without TLS, so others could read/);
      const open = toMend(await check({ url: plain.url, tls: null }));
      assert.match(open[0] ?? '', /lets in keys that nobody has let in/);
      assert.ok(open.some((text) => text.includes('The host web1 may read everything')));
    } finally {
      await plain.stop();
    }
  });

  test('a server that lets in whoever shows no certificate is found, also by a key that it knows alone', async () => {
    const lax = await startNats((listen) => config(listen).replace('verify: true, ', ''));
    try {
      const [found] = toMend(await check({ url: lax.url }));
      assert.match(found ?? '', /lets in whoever shows no certificate: verify: true is missing/);
    } finally {
      await lax.stop();
    }
  });

  test('a server of a version with known holes is refused with the version to use', async () => {
    // A fake, which says of itself what no package of this test's says.
    const fake = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('INFO {"version":"2.12.3","nonce":"abcdefghijk","tls_required":true}\r\n');
    });
    fake.listen(0, '127.0.0.1');
    await once(fake, 'listening');
    try {
      const { port } = fake.address() as AddressInfo;
      const [finding] = toMend(await check({ url: `nats://127.0.0.1:${port}` }));
      assert.match(
        finding ?? '',
        /nats-server 2\.12\.3 .*CVE-2026-33249.*use 2\.10\.27, or 2\.14\.3/,
      );
    } finally {
      fake.close();
    }
  });

  test('a gateway asks each host, and says of each what is wrong: connection, key, name, clock, version, trust', async () => {
    const { signing } = readKeys(folder);
    const own = readPublicHalf(publicHalf(signing));
    const strange = readSigningKey(createSigningKey());
    assert.ok(own !== null && strange !== null);
    const other = readPublicHalf(publicHalf(strange));
    assert.ok(other !== null);
    const answerer = (host: string, more: object = {}, late = 0): Answerer =>
      createAnswerer({
        host,
        gateways: new Map([['gw1', own]]),
        allow: ['list', 'end'],
        sessions: { snapshot: async () => snapshot({ begunAt: Date.now() - late }) },
        ...listsAlone,
        instance: host.padEnd(22, 'A'),
        version,
        maxPartBytes: () => 256 * 1024,
        onRefusal: () => {},
        onInternalError: () => {},
        now: () => Date.now() - late,
        ...more,
      });
    const well = answerer('liar');
    const first = new Map<string, Promise<readonly Uint8Array[] | null>>();
    const answers: Record<string, Answerer> = {
      web1: answerer('web1'),
      late: answerer('late', {}, 94_000),
      other: answerer('elsewhere'),
      stranger: answerer('stranger', { gateways: new Map([['gw1', other]]) }),
      // It gives everybody the answer that it gave first.
      liar: (verb, body) => {
        const kept = first.get('answer') ?? well(verb, body);
        first.set('answer', kept);
        return kept;
      },
      old: answerer('old', { version: '0.0.1', allow: ['list'] }),
    };
    const reports = { onProblem: () => {}, onUp: () => {} };
    const place = (key: ConnectionKey) => ({
      servers: [nats.url],
      tls: hostTls,
      key,
      name: 'test',
    });
    for (const [host, answer] of Object.entries(answers)) {
      const key = keys.get(host);
      assert.ok(key !== undefined);
      opened.push(await createNatsAgent(host, place(key), answer, reports));
    }
    const transport = await createNatsGateway('gw1', place(gatewayKey), reports);
    const connected = async (host: string) =>
      (await transport.ask(host, 'list', Buffer.from('x'), { signal: AbortSignal.timeout(500) }))
        .kind === 'answer';
    for (const host of Object.keys(answers).filter((name) => name !== 'liar')) {
      await until(() => connected(host), { what: `${host} is connected` });
    }
    const findings = await checkHosts({
      gateway: 'gw1',
      hosts: hostNames,
      transport,
      signing,
      saidOf: () => null,
      absentRemedy: 'look there',
    });
    await transport.close();
    const of = (name: string) =>
      findings
        .filter(({ subject }) => subject === `host ${name}`)
        .map(({ state, text }) => `${state} ${text}`)
        .join('\n');
    assert.match(
      of('web1'),
      /^ok It answers, its clock is right, .*; it ends sessions for gateways/,
    );
    assert.match(of('late'), /^mend Its clock is 94 s behind this gateway’s/);
    assert.match(of('absent'), /^mend It is not connected: look there\.$/);
    assert.match(of('other'), /^mend It goes by another name there/);
    assert.match(of('stranger'), /^mend It knows this gateway by another signing key/);
    assert.equal(of('liar').match(/^mend It has to refuse/gm)?.length, 4, of('liar'));
    assert.match(of('old'), /^ok .*it ends no sessions .*\nnote It runs uapid 0\.0\.1/);
  });

  /** The settings of a member with the keys in a folder. */
  function flagsOf(stateDir: string): string[] {
    const put = (name: string, text: string) => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const { ca, cert, key } = hostTls ?? { ca: '', cert: '', key: '' };
    const tls = ['--fleet-tls-ca', put('ca', ca), '--fleet-tls-cert', put('cert', cert)];
    const place = ['--fleet', nats.url, ...tls, '--fleet-tls-key', put('key', key)];
    return ['--state-dir', stateDir, ...place];
  }

  test('a command leaves out two machines of one key, though it asks once, and blames no host for a wrong name of its own', async () => {
    const stateDir = join(folder, 'twins');
    cpSync(join(folder, 'fleet'), join(stateDir, 'fleet'), { recursive: true });
    const own = readPublicHalf(publicHalf(readKeys(stateDir).signing));
    assert.ok(own !== null);
    await openHostsStore(stateDir).add({ name: 'twin', key: twin.publicKey });
    const place = { servers: [nats.url], tls: hostTls, key: twin, name: 'twin' };
    let isUp = 0;
    const reports = {
      onProblem: () => {},
      onUp: () => {
        isUp += 1;
      },
    };
    for (const instance of ['a', 'b']) {
      const answer = createAnswerer({
        host: 'twin',
        gateways: new Map([['gw1', own]]),
        allow: ['list'],
        sessions: { snapshot: async () => snapshot({ begunAt: Date.now() }) },
        ...listsAlone,
        instance: instance.padEnd(22, 'A'),
        version,
        maxPartBytes: () => 256 * 1024,
        onRefusal: () => {},
        onInternalError: () => {},
      });
      opened.push(await createNatsAgent('twin', place, answer, reports));
    }
    await until(() => isUp === 2, { what: 'both machines are connected' });
    const flags = flagsOf(stateDir);
    const sessions = ['sessions', '--server', 'twin', ...flags];
    for (let turn = 0; turn < 3; turn += 1) {
      const asked = await runUapid([...sessions, '--fleet-gateway', 'gw1']);
      assert.equal(asked.code, 3, asked.stderr);
      assert.match(asked.stdout, /^twin +two machines under one name /m);
    }
    const misnamed = await runUapid([...sessions, '--fleet-gateway', 'gw9']);
    assert.deepEqual([misnamed.code, misnamed.stdout], [1, '']);
    assert.match(
      misnamed.stderr,
      /the fleet cannot be reached: .*Permissions Violation .*answer\.gw9/,
    );
    const checked = await runUapid(['fleet', 'check', ...flags, '--fleet-gateway', 'gw9']);
    assert.match(checked.stdout, /^MEND .* may not receive its own answers .*--fleet-gateway/m);
    assert.doesNotMatch(checked.stdout, /host twin/);
  });

  test('the command tells it in lines and in JSON, and its exit code is that of uapid check', async () => {
    const store = openHostsStore(folder);
    await store.add({ name: 'absent', key: keys.get('absent')?.publicKey });
    const flags = flagsOf(folder);
    const run = (...more: string[]) => runUapid(['fleet', 'check', ...flags, ...more]);
    const asGateway = await run('--fleet-gateway', 'gw1');
    assert.equal(asGateway.code, 1, asGateway.stderr);
    assert.match(asGateway.stdout, /^ok {4}permissions +The gateway gw1 may do what it has to/m);
    assert.match(asGateway.stdout, /^MEND {2}host absent +It is not connected/m);
    assert.doesNotMatch(asGateway.stdout, /SU[A-Z2-7]{50}|PRIVATE KEY/);
    const none = await runUapid(['fleet', 'check', '--state-dir', folder]);
    assert.deepEqual([none.code, none.stdout], [2, '']);
  });
});
