import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connectFtp } from '../../support/ftp-client.ts';
import { startPatience } from '../../support/patience.ts';
import { childrenOf, isAlive, processStat, titleOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { portsOf } from '../../support/tcp-sockets.ts';
import { cli, withoutMetrics } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask, type Place } from './ask.ts';
import { launch, logged, makeState, type ServedUapid, serve, workersOf } from './served.ts';

const skip = needsSandbox();

/** How long a restart may take, with everything else that a busy machine does. */
const restartMs = 10_000;

/** Requests that flow, a few at a time, until they are stopped. */
function keepAsking(place: Place) {
  const outcomes: {
    at: number;
    endedAt: number;
    users: readonly string[] | null;
    status: number | null;
    fault?: string;
  }[] = [];
  let isOver = false;
  const caller = async () => {
    while (!isOver) {
      const at = performance.now();
      try {
        const { status, data } = await ask(place);
        outcomes.push({
          at,
          endedAt: performance.now(),
          status,
          users: data.map(({ user }) => user),
        });
      } catch (error) {
        const fault = String(error);
        outcomes.push({ at, endedAt: performance.now(), status: null, users: null, fault });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  };
  const callers = [caller(), caller(), caller(), caller()];
  return {
    outcomes,
    stop: async () => {
      isOver = true;
      await Promise.all(callers);
    },
  };
}

async function aliceLogsIn(t: TestContext): Promise<void> {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(users.alice.name, users.alice.password);
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`${signal} to the worker under load: it is back soon, and no answer is wrong`, {
    skip,
  }, async (t) => {
    await aliceLogsIn(t);
    const uapid = await serve(t);
    const load = keepAsking(uapid);
    t.after(() => load.stop());
    await until(() => load.outcomes.length > 20, { what: 'requests flow' });
    const killed = await uapid.httpPid();
    const killedAt = performance.now();
    process.kill(killed, signal);
    await until(() => workersOf(uapid.pid).some(({ pid }) => pid !== killed), {
      what: 'another worker is started',
      timeoutMs: restartMs,
    });
    const answersSince = () => load.outcomes.filter((each) => each.at > killedAt + 100);
    await until(() => answersSince().filter(({ status }) => status === 200).length > 50, {
      what: 'requests flow again',
      timeoutMs: restartMs,
    });
    const flowsAt = performance.now();
    await load.stop();
    // None but those that were under way when it was killed, or came before there was another one.
    const failed = load.outcomes.filter(({ status }) => status === null);
    assert.ok(failed.every(({ at, endedAt }) => endedAt > killedAt && at < flowsAt));
    for (const outcome of load.outcomes) {
      if (outcome.status !== null)
        assert.deepEqual([outcome.status, outcome.users], [200, ['alice']]);
    }
    // Once it is back it stays.
    assert.ok(load.outcomes.slice(-20).every(({ status }) => status === 200));
    assert.notEqual(await uapid.httpPid(), killed);
    const [line] = await logged(uapid, /ended and is started again/);
    assert.equal(line?.['pauseMs'], 100);
  });
}

test('a worker that hangs is replaced within 15 s', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const uapid = await serve(t);
  const hanging = await uapid.httpPid();
  assert.equal((await ask(uapid)).status, 200);
  process.kill(hanging, 'SIGSTOP');
  const patience = startPatience(15_000);
  await until(() => !isAlive(hanging), { what: 'it is ended', timeoutMs: 15_000 });
  await until(
    () =>
      ask(uapid).then(
        ({ status }) => status === 200,
        () => false,
      ),
    { what: 'another one serves', timeoutMs: 15_000 },
  );
  assert.equal(patience.isOver(), false);
  await logged(uapid, /^the worker ended and is started again$/);
  const lines = uapid.log().filter(({ level }) => Number(level) > 40);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    [
      'the worker has not answered for 10000 ms, and is ended',
      'the worker ended and is started again',
    ],
  );
});

test('a monitor that was stopped for a while finds its worker alive', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const uapid = await serve(t);
  const http = await uapid.httpPid();
  // Longer than a worker may be silent: what counts is how often it was asked.
  uapid.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 11_500));
  uapid.kill('SIGCONT');
  const askedAt = performance.now();
  assert.equal((await ask(uapid)).status, 200);
  await until(() => performance.now() - askedAt > 2_500, { what: 'it is asked anew' });
  assert.equal(await uapid.httpPid(), http);
  assert.deepEqual(
    uapid.log().filter(({ level }) => Number(level) > 30),
    [],
  );
});

test('kill -9 of the monitor under load: the worker says so and ends within 2 s', {
  skip,
}, async (t) => {
  const uapid = await serve(t);
  const httpPid = await uapid.httpPid();
  const load = keepAsking(uapid);
  t.after(() => load.stop());
  await until(() => load.outcomes.length > 20, { what: 'requests flow' });
  uapid.kill('SIGKILL');
  await until(() => !isAlive(httpPid), { what: 'the worker ends', timeoutMs: 2000 });
  await load.stop();
  await until(() => /uapid: the monitor is gone, so the worker ends\n/.test(uapid.stderr()), {
    what: 'it says so',
  });
  await assertFree(uapid);
});

/** A request whose body is not whole yet. */
async function beginRequest({ url, user, password }: Place) {
  const request = http.request(`${url}/execute/Ftp/list_sessions`, {
    method: 'POST',
    agent: false,
    auth: `${user}:${password}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': 3 },
  });
  request.on('error', () => {});
  await new Promise((resolve) => request.write('a', resolve));
  return {
    finish: async () => {
      request.end('=1');
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await text(response);
      return response.statusCode;
    },
  };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: no new connection is taken, the request in flight is answered, exit code 0`, {
    skip,
    timeout: 240_000,
  }, async (t) => {
    await aliceLogsIn(t);
    const uapid = await serve(t);
    const httpPid = await uapid.httpPid();
    const inFlight = await beginRequest(uapid);
    // A whole one behind it shows that the server has the first.
    assert.equal((await ask(uapid)).status, 200);
    uapid.kill(signal);
    await until(() => portsOf(httpPid).length === 0, { what: 'it takes no connection' });
    // The port is still held, so this one waits, and in vain where nobody holds it for longer.
    const late = ask(uapid).then(
      () => 'answered',
      () => 'refused',
    );
    assert.equal(await inFlight.finish(), 200);
    assert.equal(await uapid.ended(), 0);
    assert.equal(await late, 'refused');
    assert.equal(isAlive(httpPid), false);
    await assertFree(uapid);
    assert.deepEqual(
      uapid.log().filter(({ level }) => Number(level) > 30),
      [],
    );
  });
}

test('a stop in the middle of a reload cuts off nothing that is in flight', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const { stateDir, password } = makeState(t);
  const file = join(stateDir, 'uapid.json');
  writeFileSync(file, '{}');
  const uapid = { ...(await serve(t, { stateDir, args: ['--config', file] })), password };
  const inFlight = await beginRequest(uapid);
  assert.equal((await ask(uapid)).status, 200);
  writeFileSync(file, '{ "corsOrigins": ["https://panel.example"] }');
  uapid.kill('SIGHUP');
  // The worker takes no new connection any more once it is to be replaced.
  const isTaken = () =>
    fetch(uapid.url, { signal: AbortSignal.timeout(500), headers: { connection: 'close' } }).then(
      (answer) => answer.arrayBuffer().then(() => true),
      () => false,
    );
  await until(async () => !(await isTaken()), { what: 'the worker stops', timeoutMs: 10_000 });
  uapid.kill('SIGTERM');
  assert.equal(await inFlight.finish(), 200);
  assert.equal(await uapid.ended(), 0);
});

test('SIGTERM under load: no answer is cut short or wrong, and it ends in good time', {
  skip,
  timeout: 240_000,
}, async (t) => {
  await aliceLogsIn(t);
  const uapid = await serve(t);
  const load = keepAsking(uapid);
  t.after(() => load.stop());
  await until(() => load.outcomes.length > 50, { what: 'requests flow' });
  const [askedAt, patience] = [performance.now(), startPatience(5_000)];
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
  assert.equal(patience.isOver(), false);
  await load.stop();
  for (const { status, users: seen, fault, endedAt } of load.outcomes) {
    if (status !== null) assert.deepEqual([status, seen], [200, ['alice']]);
    // Connections that nobody has taken yet are refused, by the one error or the other.
    else assert.ok(endedAt > askedAt && /ECONNREFUSED|ECONNRESET/.test(fault ?? ''), fault);
  }
});

test('a request that never ends holds up no stop for longer than 15 s', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const uapid = await serve(t);
  const httpPid = await uapid.httpPid();
  await beginRequest(uapid);
  assert.equal((await ask(uapid)).status, 200);
  const patience = startPatience(15_000);
  uapid.kill('SIGTERM');
  await uapid.ended();
  assert.equal(patience.isOver(), false);
  assert.equal(isAlive(httpPid), false);
});

test('Ctrl-C on a terminal stops monitor and worker in order', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const { stateDir } = makeState(t);
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir, ...withoutMetrics];
  const command = [process.execPath, cli, 'serve', ...place];
  const args = ['--quiet', '--return', '--command', `exec ${command.join(' ')}`, '/dev/null'];
  const { PATH } = process.env;
  const child = spawn('script', args, { env: { PATH, SHELL: '/bin/sh' } });
  t.after(() => child.kill('SIGKILL'));
  let screen = '';
  child.stdout.on('data', (chunk) => {
    screen += chunk;
  });
  const closed = once(child, 'close');
  await until(() => /Try: curl/.test(screen), { what: 'the start-up banner', timeoutMs: 60_000 });
  const family = descendantsOf(child.pid ?? 0);
  const httpPid = family.find((pid) => titleOf(pid)?.startsWith('uapid: http')) ?? 0;
  const http = processStat(httpPid);
  // The terminal sends its signals to a whole group of processes.
  assert.notEqual(http?.group, processStat(http?.parent ?? 0)?.group);
  child.stdin.write('\x03');
  assert.deepEqual(await closed, [0, null]);
  await until(() => !family.some(isAlive), { what: 'no process is left' });
  // On a terminal the log is for people.
  assert.match(screen, /^\^?C?\d\d:\d\d:\d\d {2}info {3}stopping {2}signal=SIGINT\r$/m);
  assert.doesNotMatch(screen, / {2}(?:warn|error|fatal) {2}|monitor is gone/);
});

test('a second start on the same port says so, exits with 1 and makes no account', {
  skip,
  timeout: 240_000,
}, async (t) => {
  const uapid = await serve(t);
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-second-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const run = launch(t, ['--listen', uapid.url, '--state-dir', stateDir]);
  assert.equal(await run.ended, 1);
  assert.match(run.stderr(), /^uapid: http:\S+ is in use already\. Does uapid run already\?/m);
  assert.equal(run.stdout(), '');
  assert.equal(existsSync(join(stateDir, 'accounts.json')), false);
  assert.equal((await ask(uapid)).status, 200);
});

async function assertFree({ url }: ServedUapid): Promise<void> {
  const server = createServer().listen(Number(new URL(url).port), '127.0.0.1');
  await once(server, 'listening');
  server.close();
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child.pid, ...descendantsOf(child.pid)]);
}
