import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { connectServer } from '../../../src/control/connect-server.ts';
import { openControlSocket } from '../../../src/control/control-socket.ts';
import {
  type CommandServerOptions,
  type CommandServices,
  serveCommands,
} from '../../../src/control/serve-commands.ts';
import { sendFrame } from '../../../src/lib/frames.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { everybody, ofUids } from '../../../src/sessions/scope.ts';
import { ftpSession, snapshot } from '../../support/app.ts';
import { relayOf } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

const session = ftpSession();
const identity = { host: localHost, pid: session.pid, startTime: session.startTime };

/** A server of commands on a socket, in front of services that a test may change. */
async function start(
  t: TestContext,
  options: CommandServerOptions = {},
  services: Partial<CommandServices> = {},
) {
  const dir = mkdtempSync(join(tmpdir(), 'uapid-commands-'));
  const path = join(dir, 'control.sock');
  const ended: [by: string, pids: number[]][] = [];
  const problems: string[] = [];
  const note = (_: unknown, message?: string) => problems.push(message ?? '');
  const commands = serveCommands(
    {
      snapshots: relayOf({ snapshot: async () => snapshot({ sessions: [session] }) }),
      enderFor: (by) => ({
        end: async (identities) => {
          ended.push([by, identities.map(({ pid }) => pid)]);
          return identities.map((each) => ({ identity: each, session, outcome: 'ended' }));
        },
      }),
      logger: { warn: note, error: note } as CommandServices['logger'],
      ...services,
    },
    options,
  );
  const accepted: Socket[] = [];
  const socket = await openControlSocket({
    path,
    gid: null,
    directoryMode: 0o700,
    onClient: (client) => {
      accepted.push(client);
      commands.serve(client);
    },
  });
  t.after(() => {
    socket.close();
    commands.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { path, ended, problems, accepted, close: commands.close };
}

async function client(t: TestContext, path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  socket.resume();
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function command(t: TestContext, path: string, by = 'root') {
  const connection = await connectServer(path, by);
  assert.ok(connection);
  t.after(() => connection.close());
  return connection;
}

/** Resolves once the server has cut it off. */
const cutOff = (socket: Socket) =>
  until(() => socket.closed, { what: 'the server cuts the client off' });

test('a command sees the sessions, and ends some in the name of whom it runs for', async (t) => {
  const { path, ended, problems } = await start(t);
  const server = await command(t, path, 'olga');
  assert.deepEqual(await server.sessions.snapshot(everybody), snapshot({ sessions: [session] }));
  const results = await server.ender.end([session], everybody);
  assert.deepEqual(results, [{ identity, session, outcome: 'ended' }]);
  assert.deepEqual(ended, [['olga', [session.pid]]]);
  assert.deepEqual(problems, []);
});

const forbidden: [what: string, message: unknown][] = [
  ['the state with its password hashes', { id: 1, verb: 'state', known: 0 }],
  ['the TLS key', { id: 1, verb: 'key-pair', known: 0 }],
  ['to write an audit line', { event: 'audit', line: 'uapid-audit: x\n' }],
  ['to be the worker', { event: 'listening' }],
  ['a verb that nobody knows', { id: 1, verb: 'run', command: 'id' }],
  ['a name that is none', { event: 'caller', name: '' }],
  [
    'a target that is no session’s identity',
    { id: 1, verb: 'end-sessions', identities: [1], scope: everybody },
  ],
];
for (const [what, message] of forbidden) {
  test(`who asks for ${what} is cut off without an answer, and others are served`, async (t) => {
    const { path, ended, problems } = await start(t);
    const other = await command(t, path);
    const socket = await client(t, path);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    sendFrame(socket, JSON.stringify(message));
    await cutOff(socket);
    assert.deepEqual([answer, ended], ['', []]);
    assert.deepEqual(problems, ['a client of the control socket sent what no command sends']);
    assert.equal((await other.sessions.snapshot(everybody)).sessions.length, 1);
  });
}

test('nobody ends a session without saying who he is', async (t) => {
  const { path, ended, problems } = await start(t);
  const socket = await client(t, path);
  const answer = once(socket, 'data');
  const end = { id: 1, verb: 'end-sessions', identities: [identity], scope: everybody };
  sendFrame(socket, JSON.stringify(end));
  const [bytes] = (await answer) as [Buffer];
  assert.deepEqual(JSON.parse(bytes.subarray(4).toString()), {
    id: 1,
    error: 'the monitor failed',
  });
  assert.deepEqual(ended, []);
  assert.deepEqual(problems, ['a command cannot be answered']);
});

test('any bytes leave the server alive and serving', async (t) => {
  const { path } = await start(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const socket = await client(t, path);
      socket.end(Buffer.from(bytes));
      await cutOff(socket);
    }),
    { numRuns: 50 },
  );
  const server = await command(t, path);
  assert.equal((await server.sessions.snapshot(everybody)).sessions.length, 1);
});

test('who is silent is cut off, and so is who sends half a frame, byte by byte', async (t) => {
  const { path } = await start(t, { silenceMs: 300 });
  const silent = await client(t, path);
  const slow = await client(t, path);
  const dribble = setInterval(() => slow.write(Buffer.from([0])), 20);
  t.after(() => clearInterval(dribble));
  // Its header says 255 bytes.
  slow.write(Buffer.from([0, 0, 0, 255]));
  await Promise.all([cutOff(silent), cutOff(slow)]);
});

test('who asks now and then stays', async (t) => {
  const { path } = await start(t, { silenceMs: 2_000 });
  const server = await command(t, path);
  const silent = await client(t, path);
  let isOver = false;
  void cutOff(silent).then(() => {
    isOver = true;
  });
  // Longer than anybody may be silent, as the one who is shows.
  while (!isOver) await server.sessions.snapshot(everybody);
  assert.equal((await server.sessions.snapshot(everybody)).sessions.length, 1);
});

test('when there are too many, the one that was silent longest goes', async (t) => {
  const { path } = await start(t, { maxClients: 3 });
  const server = await command(t, path);
  const clients = [await client(t, path), await client(t, path)];
  // Now it is not the one that was silent longest any more.
  await server.sessions.snapshot(everybody);
  clients.push(await client(t, path));
  await cutOff(clients[0] as Socket);
  assert.equal((await server.sessions.snapshot(everybody)).sessions.length, 1);
  assert.deepEqual(
    clients.map(({ closed }) => closed),
    [true, false, false],
  );
});

test('who asks and never reads the answers makes the server keep little, and is cut off', async (t) => {
  const big = snapshot({
    sessions: Array.from({ length: 500 }, (_, pid) => ftpSession({ pid, file: 'x'.repeat(1000) })),
  });
  let looks = 0;
  const { path, accepted } = await start(
    t,
    { silenceMs: 1000 },
    {
      snapshots: relayOf({
        snapshot: async () => {
          looks += 1;
          // As after a change, so that every answer is a long one.
          return { ...big, sessions: big.sessions.map((each) => ({ ...each })) };
        },
      }),
    },
  );
  const socket = connect(path);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  for (let id = 1; id <= 5000; id += 1) {
    sendFrame(socket, JSON.stringify({ id, verb: 'snapshot', scope: ofUids([id]) }));
  }
  const server = await command(t, path);
  assert.equal((await server.sessions.snapshot(everybody)).sessions.length, 500);
  await until(() => accepted[0]?.closed, { what: 'the server cuts it off' });
  assert.ok(looks < 5000, String(looks));
});

test('what a command asks of a server that goes is an error, and no wait', async (t) => {
  const { path, close } = await start(
    t,
    {},
    { snapshots: relayOf({ snapshot: () => new Promise(() => {}) }) },
  );
  const server = await command(t, path);
  const asked = server.sessions.snapshot(everybody);
  close();
  await assert.rejects(asked, /control\.sock has closed the connection/);
  await assert.rejects(server.sessions.snapshot(everybody), /closed the connection/);
});
