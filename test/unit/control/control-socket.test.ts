import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type ControlSocket, openControlSocket } from '../../../src/control/control-socket.ts';
import { needsSandbox } from '../../support/sandbox.ts';

let dir: string;
let path: string;
let opened: ControlSocket[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-control-'));
  path = join(dir, 'control.sock');
  opened = [];
});
afterEach(() => {
  for (const socket of opened) socket.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Opens the socket; whoever connects gets that word. */
async function open(word = 'first', gid: number | null = null, at = path): Promise<ControlSocket> {
  const socket = await openControlSocket({
    path: at,
    gid,
    directoryMode: 0o700,
    onClient: (client) => client.on('error', () => {}).end(word),
  });
  opened.push(socket);
  return socket;
}

async function wordAt(at: string): Promise<string> {
  const socket = connect(at).setEncoding('utf8');
  return (await socket.toArray()).join('');
}

/** Leaves a socket that nobody listens on, as a server that was killed does. */
function leaveStale(): void {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  assert.equal(spawnSync(process.execPath, ['-e', code]).signal, 'SIGKILL');
  assert.ok(lstatSync(path).isSocket());
}

const rightsIn = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map(({ name }) => statSync(join(folder, name)))
    .map(({ mode, gid }) => `${(mode & 0o777).toString(8)} ${gid}`);

for (const gid of [null, 1]) {
  const whom = gid === null ? 'its owner alone' : 'its owner and a group';
  test(`the socket is for ${whom}, from its first moment, whatever the umask`, {
    skip: gid === null ? false : needsSandbox(),
  }, async () => {
    const before = process.umask(0);
    const seen: string[] = [];
    // The earliest moment at which the file is there.
    const { listen } = Server.prototype;
    Server.prototype.listen = function (this: Server, ...args: unknown[]) {
      const server = Reflect.apply(listen, this, args);
      seen.push(...rightsIn(dir));
      return server;
    } as typeof listen;
    try {
      await open('first', gid);
    } finally {
      Server.prototype.listen = listen;
      process.umask(before);
    }
    const own = statSync(dir).gid;
    assert.deepEqual(seen, [`600 ${own}`]);
    assert.deepEqual(rightsIn(dir), [gid === null ? `600 ${own}` : `660 ${gid}`]);
    assert.equal(await wordAt(path), 'first');
  });
}

test('the umask of the process is as before', async () => {
  const before = process.umask();
  await open();
  assert.equal(process.umask(), before);
});

test('a socket that a killed server has left is replaced', async () => {
  leaveStale();
  await open('second');
  assert.equal(await wordAt(path), 'second');
  assert.deepEqual(readdirSync(dir).sort(), ['control.sock', 'control.sock.lock']);
});

test('the socket of a living server is not taken from it', async () => {
  await open('first');
  await assert.rejects(open('second'), /control\.sock cannot be opened: another server listens/);
  assert.equal(await wordAt(path), 'first');
});

test('of ten starts at once on what a killed server has left one gets the socket', async () => {
  leaveStale();
  const words = Array.from({ length: 10 }, (_, index) => `server ${index}`);
  const results = await Promise.allSettled(words.map((word) => open(word)));
  const winners = words.filter((_, index) => results[index]?.status === 'fulfilled');
  assert.equal(winners.length, 1);
  assert.equal(await wordAt(path), winners[0]);
  assert.deepEqual(readdirSync(dir).sort(), ['control.sock', 'control.sock.lock']);
});

test('what is there and is no socket stays as it is', async () => {
  writeFileSync(path, 'precious');
  await assert.rejects(open(), /what is there is no socket/);
  assert.equal(readFileSync(path, 'utf8'), 'precious');
});

test('a path that is too long is refused in words, and nothing is made under a shorter one', async () => {
  const long = join(dir, 'x'.repeat(100));
  await assert.rejects(open('first', null, long), /too long for a Unix socket.*--control-socket/);
  assert.deepEqual(readdirSync(dir), []);
  const longest = join(dir, 'x'.repeat(107 - Buffer.byteLength(dir) - 1));
  await open('first', null, longest);
  assert.equal(await wordAt(longest), 'first');
});

test('the socket goes with its server, unless it is another one’s by then', async () => {
  const first = await open('first');
  first.close();
  assert.equal(existsSync(path), false);
  const second = await open('second');
  renameSync(path, `${path}.moved`);
  await open('third');
  second.close();
  assert.equal(await wordAt(path), 'third');
});

test('a group that its owner may not give it to is a clear error, and leaves nothing', {
  skip: needsSandbox(),
}, async () => {
  const nobody = 65_534;
  chownSync(dir, nobody, nobody);
  const module = new URL('../../../src/control/control-socket.js', import.meta.url).href;
  const code = `import(${JSON.stringify(module)}).then(({ openControlSocket }) =>
    openControlSocket({ path: ${JSON.stringify(path)}, gid: 0, directoryMode: 0o700, onClient() {} }))
    .catch(({ message }) => console.log(message))`;
  process.setegid?.(nobody);
  const run = spawnSync(
    'setpriv',
    ['--inh-caps=-all', '--bounding-set=-chown', '--', process.execPath, '-e', code],
    { encoding: 'utf8' },
  );
  process.setegid?.(0);
  assert.match(run.stdout, /control\.sock cannot be opened: EPERM/, run.stderr);
  assert.deepEqual(readdirSync(dir), ['control.sock.lock']);
});

test('a client that breaks off at once harms nobody', async () => {
  await open();
  for (let round = 0; round < 50; round += 1) {
    const socket = connect(path);
    await once(socket, 'connect');
    socket.destroy();
  }
  assert.equal(await wordAt(path), 'first');
});
