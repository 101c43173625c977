import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watchdogHalfMs } from '../../../src/os/service-manager.ts';
import { startPatience } from '../../support/patience.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { ask } from '../channel/ask.ts';
import { makeState, serve } from '../channel/served.ts';

const skip = needsSandbox();

const program = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data = s.recv(65536)
    if not data.startswith(b"BARRIER="):
        print(data.decode().replace("\\n", " & "), flush=True)
`;

/** A datagram socket as a service manager has one, and what came in on it, with the time. */
async function listen(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-notify-'));
  const path = join(folder, 'notify');
  const child = spawn('python3', ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  const messages: { at: number; text: string }[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = chunk.split('\n').filter(Boolean);
    messages.push(...lines.map((text) => ({ at: performance.now(), text })));
  });
  await until(() => messages.shift(), { what: 'the socket is there', timeoutMs: 60_000 });
  const count = (wanted: string) => messages.filter(({ text }) => text === wanted).length;
  return { path, messages, count };
}

test('a service manager is told that it listens, that it is well, and that it ends', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const manager = await listen(t);
  const { stateDir, password } = makeState(t);
  const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '1000000' };
  const uapid = { ...(await serve(t, { stateDir, env })), password };
  const feedings = () => manager.messages.filter(({ text }) => text === 'WATCHDOG=1');
  // At half of the second, and what it takes to say so: each before the second is over.
  for (let fed = 0; fed < 4; fed += 1) {
    const [before, patience] = [feedings().length, startPatience(1_000)];
    await until(() => feedings().length > before, { what: 'it is well' });
    assert.equal(patience.isOver(), false, `feeding ${before + 1}`);
  }
  assert.equal(manager.messages[0]?.text, `READY=1 & STATUS=Listens on ${uapid.url}`);
  assert.equal((await ask(uapid)).status, 200);
  // Not more often than that, on the whole: one that was late makes the next pause shorter.
  await until(() => feedings().length >= 8, { what: 'it is well for longer' });
  const times = feedings().map(({ at }) => at);
  const pauseMs = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1);
  assert.ok(pauseMs > 350, `${pauseMs}`);
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
  const last = 'STOPPING=1 & STATUS=Ends when the requests in flight are answered';
  await until(() => manager.count(last) === 1, { what: 'it ends' });
  assert.equal(manager.messages.at(-1)?.text, last);
});

test('while either process hangs, a service manager does not hear that all is well', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const manager = await listen(t);
  const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '1000000' };
  const uapid = await serve(t, { env });
  const isFed = async () => {
    const before = manager.count('WATCHDOG=1');
    const more = () => manager.count('WATCHDOG=1') > before;
    await until(more, { what: 'the watchdog is fed', timeoutMs: 60_000 });
  };
  /** The longest time without a message, until it is fed again. */
  const silence = async () => {
    const from = manager.messages.length - 1;
    await isFed();
    const times = manager.messages.slice(from).map(({ at }) => at);
    return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)));
  };
  await isFed();
  process.kill(await uapid.httpPid(), 'SIGSTOP');
  // Two questions may go unanswered before it counts.
  const stopped = performance.now();
  await until(() => performance.now() - stopped > 3000, { what: 'it has noticed' });
  assert.ok((await silence()) > 4000);
  await isFed();

  uapid.kill('SIGSTOP');
  const held = performance.now();
  const count = manager.count('WATCHDOG=1');
  await until(() => performance.now() - held > 3000, { what: 'three watchdogs have bitten' });
  // One may have been on its way.
  assert.ok(manager.count('WATCHDOG=1') <= count + 1);
  uapid.kill('SIGCONT');
  await isFed();
});

test('a service manager that cannot be told of anything keeps nobody out', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const { stateDir, password } = makeState(t);
  const env = { NOTIFY_SOCKET: '/nonexistent/notify' };
  const uapid = { ...(await serve(t, { stateDir, env })), password };
  const problem = /^the service manager cannot be told: /;
  const told = () => uapid.log().some(({ msg }) => problem.test(String(msg)));
  await until(told, { what: 'it says so', timeoutMs: 60_000 });
  assert.equal((await ask(uapid)).status, 200);
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
});

for (const [environment, expected] of [
  [{}, null],
  [{ WATCHDOG_USEC: '60000000' }, 30_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(process.pid) }, 30_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1' }, null],
  [{ WATCHDOG_USEC: '0' }, null],
  [{ WATCHDOG_USEC: '-5' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
  [{ WATCHDOG_USEC: '999999999999999' }, 2 ** 31 - 1],
] as const) {
  test(`${JSON.stringify(environment)} asks for a sign of life every ${expected} ms`, () => {
    assert.equal(watchdogHalfMs(environment), expected);
  });
}
