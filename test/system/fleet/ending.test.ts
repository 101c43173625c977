import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { readKeys } from '../../../src/fleet/key-files.ts';
import { encodeFrame, signRequest } from '../../../src/fleet/signature/signed-frame.ts';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { isStopped } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { type FleetScene, openFleetScene, type Result } from './fleet-scene.ts';
import { type HeldWire, openHeldWire } from './held-wire.ts';
import { type RunningHost, startHost } from './start-host.ts';

const skip = needsSandbox();
const { alice, bob } = users;

interface Visit {
  readonly server: string;
  readonly client: FtpClient;
  readonly pid: number;
  readonly start: string;
}

/** A host's answer to a request that a test has signed itself. */
interface Told {
  readonly refused?: string;
  readonly ended?: readonly { readonly pid: number; readonly outcome: string }[];
}

describe('ending through a gateway, on a real nats-server with real hosts and FTP servers', {
  skip,
}, () => {
  let scene: FleetScene;
  let wire: HeldWire;
  let hosts: Map<string, RunningHost>;
  /** Whoever has the gateway's keys, without the gateway. */
  let thief: NatsConnection;
  const visits: Visit[] = [];

  before(async () => {
    for (const user of [alice, bob]) await makeHome(user, [['big.bin', 5_000_000]]);
    scene = await openFleetScene(
      ['web1', 'web2', 'web3'],
      {
        ann: [
          ['web1', 'alice'],
          ['web2', 'alice'],
        ],
        ben: [['web1', 'bob']],
      },
      {
        gatewayReaches: async (port) => {
          wire = await openHeldWire(port);
          return wire.url;
        },
      },
    );
    // One host neither lets gateways end sessions nor keeps a session log.
    const started = await Promise.all(
      scene.hosts.map((member) => {
        const log = join(member.stateDir, 'sessions.log');
        const more = ['--fleet-allow', 'list,end', '--session-log', log];
        return startHost(
          member.name === 'web2' ? member : { ...member, flags: [...member.flags, ...more] },
        );
      }),
    );
    hosts = new Map(started.map((host) => [host.name, host]));
    const { connection } = readKeys(scene.gatewayDir);
    thief = await connect({
      servers: [scene.nats.url],
      tls: { ...scene.clientTls('gw1') },
      authenticator: (nonce?: string) => ({
        nkey: connection.publicKey,
        sig: connection.prove(nonce ?? ''),
      }),
    });
    for (const server of ['web1', 'web3']) {
      await until(async () => (await tell(server, request(server))).ended, {
        what: `${server} ends sessions for its gateway`,
      });
    }
    await untilConnected();
  });
  after(async () => {
    for (const { client } of visits) client.destroy();
    await thief?.close();
    await Promise.all(Array.from(hosts?.values() ?? [], (host) => host.kill()));
    await scene?.close();
    wire?.close();
  });

  const untilConnected = () =>
    until(async () => (await scene.ask('Fleet/list_servers')).data?.every(isWell), {
      what: 'the gateway reaches all hosts',
    });
  const isWell = ({ state }: { readonly state: string }) => state === 'answers';

  async function visit(server: string, { name, password }: TestUser): Promise<Visit> {
    const host = hosts.get(server);
    assert.ok(host !== undefined);
    const client = await connectFtp(host);
    await client.login(name, password);
    const { pid, start } = await until(
      async () => {
        const { data } = await scene.ask(`Ftp/list_transfers?server=${server}`);
        const rows = data as { remote_port: number; pid: number; start: string }[] | null;
        return rows?.find(({ remote_port }) => remote_port === client.localPort);
      },
      { what: 'the session is listed' },
    );
    const made = { server, client, pid, start };
    visits.push(made);
    return made;
  }

  const call = ({ server, pid, start }: Visit, account?: string) =>
    scene.ask(`Ftp/end_session?server=${server}&pid=${pid}&start=${start}`, account);

  /** As an administrator's program does it that acts for an account. */
  async function killFor(account: string): Promise<void> {
    const { user, password, url } = scene.gateway;
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const query = `cpanel_jsonapi_apiversion=3&cpanel_jsonapi_user=${account}&cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=kill_session&login=all`;
    const answer = await fetch(`${url}/json-api/cpanel?${query}`, { headers: { authorization } });
    const { result } = (await answer.json()) as { readonly result: Result };
    assert.equal(result.status, 1, JSON.stringify(result));
  }

  const isThere = async ({ server, pid, start }: Visit) => {
    const { data } = await scene.ask(`Ftp/list_transfers?server=${server}`);
    return (data as { pid: number; start: string }[]).some(
      (row) => row.pid === pid && row.start === start,
    );
  };

  const codes = ({ status, metadata }: Result) => [status, metadata.error_codes];

  /** The lines of a machine's audit log that name that session's process. */
  function audit(of: string, { pid, start }: Visit): string[] {
    const dir =
      of === 'gw1' ? scene.gatewayDir : scene.hosts.find(({ name }) => name === of)?.stateDir;
    const path = join(dir ?? '', 'audit.log');
    // It is made with the first line.
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    return lines.filter((line) => line.includes(`pid=${pid} start=${start} `));
  }

  /** How often a session's host has ended it, by its own log. */
  const executions = (of: Visit) =>
    audit(of.server, of).filter((line) => / outcome=(ended|killed)/.test(line)).length;

  /** A request that is signed with the gateway's own key. */
  function request(server: string, changes: object = {}): Uint8Array {
    const ask = {
      v: 1,
      verb: 'end',
      via: 'gw1',
      nonce: randomBytes(16).toString('base64url'),
      issuedAt: Date.now(),
      validMs: 10_000,
      hosts: [server],
      account: 'admin',
      by: 'admin',
      address: '192.0.2.7',
      users: null,
      targets: [{ pid: 4_000_000, startTime: '1' }],
      ...changes,
    };
    const message = Buffer.from(JSON.stringify(ask));
    const signature = signRequest(message, readKeys(scene.gatewayDir).signing);
    return encodeFrame({ gateway: 'gw1', signature, message });
  }

  const target = ({ pid, start }: Visit) => ({ targets: [{ pid, startTime: start }] });

  /** Sends a request to a host and gives its answer. */
  function tell(server: string, body: Uint8Array): Promise<Told> {
    const reply = `uapid.v1.answer.gw1.${randomBytes(8).toString('hex')}.token`;
    return new Promise((resolve, reject) => {
      thief.subscribe(reply, {
        max: 1,
        callback: (error, message) => {
          if (error !== null) reject(error);
          else resolve(message.headers?.code === 503 ? {} : (message.json() as Told));
        },
      });
      thief.publish(`uapid.v1.ask.r0.${server}.end`, body, { reply });
    });
  }

  test('one session ends by server, pid and start, and both logs say who wanted it, by which gateway, from where', async () => {
    const wanted = await visit('web1', alice);
    const other = await visit('web1', alice);
    const { pid, start } = wanted;
    assert.deepEqual(codes(await scene.ask(`Ftp/end_session?pid=${pid}&start=${start}`)), [
      0,
      ['server-needed'],
    ]);
    assert.deepEqual(codes(await call({ ...wanted, server: 'web3' })), [0, ['session-unknown']]);
    assert.ok(await isThere(wanted));
    const { status, errors } = await call(wanted);
    assert.deepEqual([status, errors], [1, null]);
    assert.equal(await isThere(wanted), false);
    assert.equal(await isThere(other), true);
    const [line, ...more] = await until(
      () => {
        const lines = audit('web1', wanted);
        return lines.length > 0 && lines;
      },
      { what: 'the host has written it down' },
    );
    assert.deepEqual(more, []);
    assert.match(
      line ?? '',
      / session-ended address=127\.0\.0\.1 account=- by="admin" pid=\d+ start=\d+ login="alice" outcome=ended claimed=caller via=gw1$/,
    );
    const own = await until(
      () => {
        const lines = audit('gw1', wanted).filter((each) => each.includes(' host=web1'));
        return lines.length === 2 && lines;
      },
      { what: 'the gateway has written it down' },
    );
    assert.match(
      own[0] ?? '',
      / session-end-signed address=127\.0\.0\.1 account="admin" by="admin" pid=\d+ start=\d+ host=web1 sessions=1$/,
    );
    assert.match(
      own[1] ?? '',
      / session-ended address=127\.0\.0\.1 account="ann" by="admin" pid=\d+ start=\d+ login="alice" outcome=ended claimed=line host=web1$/,
    );
  });

  test('a host that was not told to allow it ends nothing, and is named with what to do', async () => {
    const safe = await visit('web2', alice);
    const { status, errors, metadata } = await call(safe);
    assert.deepEqual([status, metadata.error_codes], [0, ['session-not-ended']]);
    assert.match(
      errors?.[0] ?? '',
      /The server “web2” refuses to end sessions for a fleet \(--fleet-allow on that server\)\.$/,
    );
    assert.ok(await isThere(safe));
    assert.equal(executions(safe), 0);
  });

  test('an account ends its own on all its servers, and nobody else’s anywhere', async () => {
    const own = await visit('web1', alice);
    const bobs = await visit('web1', bob);
    const elsewhere = await visit('web3', alice);
    assert.deepEqual(codes(await call(bobs, 'ann')), [0, ['session-unknown']]);
    assert.deepEqual(codes(await call(elsewhere, 'ann')), [0, ['server-unknown']]);
    assert.deepEqual(codes(await scene.ask(`Ftp/kill_session?pid=${own.pid}`, 'ann')), [
      0,
      ['server-needed'],
    ]);
    for (const query of ['login=all', 'login=alice', '']) {
      assert.deepEqual(codes(await scene.ask(`Ftp/kill_session?${query}`)), [0, ['server-needed']]);
    }
    const killed = await scene.ask('Ftp/kill_session?login=all', 'ann');
    assert.equal(killed.status, 1);
    assert.match(killed.warnings?.join(' ') ?? '', /The server “web2” refuses to end/);
    assert.equal(await isThere(own), false);
    assert.ok(await isThere(bobs));
    assert.ok(await isThere(elsewhere));
    const anns = await visit('web1', alice);
    await killFor('ann');
    assert.equal(await isThere(anns), false, 'an administrator ends for an account');
    assert.match(
      audit('gw1', anns)[0] ?? '',
      / session-end-signed .* account="ann" by="admin" .* host=web1 sessions=1$/,
    );
    assert.ok(await isThere(bobs), '… that account’s and no other');
    const narrowed = await scene.ask('Ftp/kill_session?login=bob&server=web1');
    assert.equal(narrowed.status, 1);
    assert.equal(await isThere(bobs), false);
    assert.ok(await isThere(elsewhere));
  });

  test('what was, is told of all servers that keep a log, each account’s own, and the ones that keep none are named', async () => {
    const short = await visit('web3', bob);
    short.client.destroy();
    const asked = await until(
      async () => {
        const result = await scene.ask('Ftp/list_history');
        const rows = result.data as { server: string; end: string; ended_by: string }[];
        const ended = rows.filter(({ end }) => end === 'ended');
        const both = ended.some((row) => row.ended_by === 'ann via gw1') && ended.length > 2;
        const isWhole = both && rows.some(({ server }) => server === 'web3');
        return isWhole && { ...result, ended };
      },
      { what: 'the log has the ends' },
    );
    assert.equal(asked.status, 1);
    const { data, ended, warnings, metadata } = asked;
    assert.deepEqual(
      new Set(data.map(({ server }: { server: string }) => server)),
      new Set(['web1', 'web3']),
    );
    assert.ok(ended.every(({ ended_by }) => / via gw1$/.test(ended_by)));
    const { asked: count, answered, missing = [] } = metadata.servers ?? {};
    assert.deepEqual(
      {
        asked: count,
        answered,
        missing: missing.map(({ server, cause, refusal }) => ({ server, cause, refusal })),
      },
      {
        asked: 3,
        answered: 2,
        missing: [{ server: 'web2', cause: 'refused', refusal: 'history-off' }],
      },
    );
    assert.match(
      warnings?.[0] ?? '',
      /^The server “web2” keeps no session log \(--session-log there\); its sessions are missing\.$/,
    );
    const whole = await scene.ask('Ftp/list_history?complete=1');
    assert.deepEqual(codes(whole), [0, ['servers-missing']]);
    const own = await scene.ask('Ftp/list_history', 'ann');
    const rows = own.data as {
      server: string;
      owner: string;
      ended_by: string | null;
      why: string;
    }[];
    assert.ok(
      rows.length > 0 && rows.every(({ server, owner }) => server === 'web1' && owner === 'alice'),
    );
    const tellers = new Set(rows.flatMap(({ ended_by }) => ended_by ?? []));
    assert.deepEqual([...tellers], ['ann via gw1'], 'who else ended them is nothing for it');
    assert.ok(rows.some(({ why }) => why.includes('ended_by: not-yours')));
    const bens = await scene.ask('Ftp/list_history?server=web1', 'ben');
    assert.ok(bens.data.length > 0);
    assert.ok(bens.data.every(({ owner }: { owner: string }) => owner === 'bob'));
    assert.deepEqual(codes(await scene.ask('Ftp/list_history?server=web3', 'ben')), [
      0,
      ['server-unknown'],
    ]);
    const wrong = await scene.ask('Ftp/list_history?from=x');
    assert.match(wrong.errors?.[0] ?? '', /“from” is no IP address/);
    const files = await scene.ask('Ftp/list_history_files?session=1.1');
    assert.deepEqual(codes(files), [0, ['server-needed']]);
    const some = await scene.ask('Ftp/list_history_files?session=1.1&server=web1');
    assert.deepEqual([some.status, some.data], [1, []]);
  });

  /** What `uapid history --fleet` says on the gateway's machine. */
  const history = (...more: string[]) => runUapid(['history', ...scene.gatewayFlags, ...more]);

  test('uapid history --fleet shows what was on all servers, of one, and of an account, and names those that are missing', async () => {
    const whole = await history('--server', 'web1,web3');
    assert.equal(whole.code, 0, whole.stderr);
    const [headings = '', ...lines] = whole.stdout.trimEnd().split('\n');
    assert.match(headings, /^SERVER +CONNECTED +FOR +USER +OWNER /);
    assert.deepEqual(new Set(lines.map((line) => line.split(' ')[0])), new Set(['web1', 'web3']));
    const times = lines.map((line) => line.split(/ {2,}/)[1] ?? '');
    assert.deepEqual(times, [...times].sort(), 'newest last');
    const all = await history('--since', '1h');
    assert.equal(all.code, 3, all.stderr);
    assert.match(
      all.stdout,
      /^web3 .*\n\nMISSING +CAUSE(?: +LAST ANSWER)?\nweb2 +keeps no session log(?: +\S+Z)?\n$/ms,
    );
    const anns = await history('--account', 'ann', '--json', '--login', 'alice');
    assert.equal(anns.code, 3);
    const told = anns.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    // On a busy machine it may have answered nothing before.
    const { last_answer: _lastAnswer, ...missing } = told.at(-1);
    assert.deepEqual(missing, {
      event: 'missing',
      server: 'web2',
      cause: 'refused',
      refusal: 'history-off',
    });
    assert.ok(told.length > 1);
    for (const { event, server, owner_name, files } of told.slice(0, -1)) {
      assert.deepEqual([event, server, owner_name, files], ['session', 'web1', 'alice', []]);
    }
    const nobody = await history('--server', 'web2');
    assert.deepEqual(
      [nobody.code, nobody.stdout.split('\n')[0]],
      [3, 'No server has told its sessions.'],
    );
    const unknown = await history('--server', 'web9');
    assert.deepEqual([unknown.code, unknown.stdout], [3, '']);
    assert.match(unknown.stderr, /There is no server “web9” in this fleet/);
    assert.deepEqual((await history('--follow')).code, 2);
    assert.deepEqual((await history('--login', '*')).code, 2);
  });

  test('ports, daemons and FTP accounts are told of one server, which an account on one alone need not name', async () => {
    for (const name of [
      'get_port',
      'get_ftp_daemon_info',
      'server_name',
      'list_ftp',
      'list_ftp_with_disk',
    ]) {
      assert.deepEqual(codes(await scene.ask(`Ftp/${name}`)), [0, ['server-needed']], name);
      assert.deepEqual(codes(await scene.ask(`Ftp/${name}`, 'ann')), [0, ['server-needed']], name);
      const own = await scene.ask(`Ftp/${name}`, 'ben');
      assert.equal(own.status, 1, name);
      const foreign = await scene.ask(`Ftp/${name}?server=web3`, 'ben');
      assert.deepEqual(codes(foreign), [0, ['server-unknown']], name);
    }
    const ports = await Promise.all(
      ['web1', 'web3'].map((server) => scene.ask(`Ftp/get_port?server=${server}`)),
    );
    assert.deepEqual(
      ports.map(({ data }) => data.port),
      ['web1', 'web3'].map((server) => hosts.get(server)?.port),
    );
    assert.equal((await scene.ask('Ftp/server_name?server=web3')).data, 'pure-ftpd');
    const accounts = await scene.ask('Ftp/list_ftp?server=web1', 'ann');
    const logins = (accounts.data as { user: string }[]).map(({ user }) => user);
    assert.deepEqual([logins, accounts.warnings], [['dev@alice.example'], null]);
    const all = await scene.ask('Ftp/list_ftp_with_disk?server=web3');
    const dirs = (all.data as { user: string; dir: string }[]).map(({ user, dir }) => [user, dir]);
    const homes = [alice, bob].map(({ name, home }) => [`dev@${name}.example`, home]);
    assert.deepEqual(dirs, homes);
  });

  test('a host ends for a request no more than the system users that it names', async () => {
    const bobs = await visit('web1', bob);
    const told = await tell('web1', request('web1', { ...target(bobs), users: ['alice'] }));
    assert.deepEqual(
      told.ended?.map(({ outcome }) => outcome),
      ['gone'],
    );
    const made = { ...bobs, start: `${bobs.start}1` };
    const wrong = await tell('web1', request('web1', target(made)));
    assert.deepEqual(
      wrong.ended?.map(({ outcome }) => outcome),
      ['gone'],
      'another start',
    );
    assert.ok(await isThere(bobs));
    assert.equal(executions(bobs), 0);
  });

  test('a request is executed once: twice at once, again later, at another host, too late or for later', async () => {
    const first = await visit('web1', alice);
    const twice = request('web1', target(first));
    const both = await Promise.all([tell('web1', twice), tell('web1', twice)]);
    assert.deepEqual(both.map(({ refused = 'ended' }) => refused).sort(), ['ended', 'replayed']);
    assert.equal((await tell('web1', twice)).refused, 'replayed');
    // The answer does not wait for the line of the log.
    await until(() => executions(first) === 1, { what: 'the log has the end' });
    const other = await visit('web1', alice);
    const far = await visit('web3', alice);
    const refusals = {
      'not-for-me': await tell('web3', request('web1', target(far))),
      malformed: await tell('web1', request('web1', { ...target(other), hosts: ['web1', 'web3'] })),
    };
    for (const [refusal, { refused }] of Object.entries(refusals)) assert.equal(refused, refusal);
    for (const ms of [-10_500, 60_000]) {
      const late = request('web1', { ...target(other), issuedAt: Date.now() + ms });
      assert.equal((await tell('web1', late)).refused, 'expired');
    }
    const text = Buffer.from(request('web1', target(other)));
    text[text.length - 2] = 0x20;
    assert.equal((await tell('web1', text)).refused, 'signature');
    assert.ok(await isThere(other));
    assert.ok(await isThere(far));
    assert.equal(executions(other) + executions(far), 0);
  });

  test('what a messaging server or a host delivers too late, since it was stopped, ends nobody', async () => {
    const safe = await visit('web1', alice);
    const late = async (stop: () => unknown, go: () => unknown) => {
      await stop();
      const issuedAt = Date.now();
      const told = tell('web1', request('web1', { ...target(safe), issuedAt, validMs: 1_000 }));
      await until(() => Date.now() > issuedAt + 1_500, { what: 'its time is over' });
      await go();
      return (await told).refused;
    };
    const { child } = scene.nats;
    const ofServer = await late(
      async () => {
        child.kill('SIGSTOP');
        await until(() => isStopped(child.pid), { what: 'the messaging server is stopped' });
      },
      () => child.kill('SIGCONT'),
    );
    assert.equal(ofServer, 'expired');
    const host = hosts.get('web1');
    const ofHost = await late(
      () => host?.tell('freeze'),
      () => host?.tell('thaw'),
    );
    assert.equal(ofHost, 'expired');
    assert.ok(await isThere(safe));
    assert.equal(executions(safe), 0);
  });

  test('a connection that is cut before or after: “may or may not”, at most one execution, and no repetition', async () => {
    const told: Result[] = [];
    const before = await visit('web3', alice);
    const asks = wire.holdSecond('asks');
    const unsent = call(before);
    await asks.held;
    wire.cut();
    told.push(await unsent);
    await untilConnected();
    assert.ok(await isThere(before), 'it never went out, also not when the connection was back');
    assert.equal(executions(before), 0);

    const after = await visit('web3', alice);
    const answers = wire.holdSecond('answers');
    const executed = call(after);
    await answers.held;
    wire.cut();
    told.push(await executed);
    await untilConnected();
    assert.equal(await isThere(after), false);
    assert.equal(executions(after), 1);
    for (const { errors, metadata } of told) {
      assert.deepEqual(metadata.error_codes, ['session-unconfirmed']);
      assert.match(
        errors?.[0] ?? '',
        /The gateway lost its messaging server before “web3” confirmed; the session may or may not have ended\.$/,
      );
    }
    assert.match(audit('gw1', after).at(-1) ?? '', / outcome=unconfirmed /);
  });

  test('an end that is not confirmed in time, as the gateway’s own connection hangs, may or may not have come about, and is not asked for again', async () => {
    const last = await visit('web3', alice);
    const answers = wire.holdSecond('answers');
    const asked = call(last);
    await answers.held;
    const { errors, metadata } = await asked;
    assert.deepEqual(metadata.error_codes, ['session-unconfirmed']);
    assert.match(
      errors?.[0] ?? '',
      /The gateway lost its messaging server before “web3” confirmed; the session may or may not have ended\.$/,
    );
    wire.cut();
    await untilConnected();
    assert.equal(executions(last), 1);
    assert.equal(audit('web3', last).length, 1);
  });
});
