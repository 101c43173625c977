import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { shortLived } from '../../support/node-flags.ts';
import { childrenOf } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { portsOf, tcpSocketsOf } from '../../support/tcp-sockets.ts';
import { cli } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { httpPidOf, makeState } from '../channel/served.ts';
import { type Manager, startManager, type UnitSocket } from './activation.ts';
import { exchange, good } from './exchange.ts';

const skip = needsSandbox();
const timeout = 300_000;

/** A unit with these sockets, and a server that listens where they are, or where `listen` says. */
async function unitWith(
  t: TestContext,
  sockets: readonly UnitSocket[],
  flags: (ports: readonly number[]) => readonly string[],
) {
  const { stateDir } = makeState(t);
  const manager = await startManager(t, sockets);
  const argv = [
    process.execPath,
    ...shortLived,
    ...[cli, 'serve', '--state-dir', stateDir, ...flags(manager.ports)],
  ];
  return { manager, start: (isOthers = false) => manager.start(argv, isOthers) };
}

const local = (port: number | undefined) => `http://127.0.0.1:${port}`;
const listenAndMetrics = ([listen, metrics]: readonly number[]) => [
  ...['--listen', local(listen)],
  ...['--metrics', local(metrics)],
];
const two: readonly UnitSocket[] = [{ kind: 'listening' }, { kind: 'listening' }];

async function printedBanner({ stdout, stderr }: Manager, times = 1): Promise<void> {
  await until(() => stdout().split('Try: curl').length > times, {
    what: `the start-up banner: ${stderr()}`,
    timeoutMs: 60_000,
  });
}

test('on sockets that were handed in it serves, and a restart under load loses no connection', {
  skip,
  timeout,
}, async (t) => {
  const { manager, start } = await unitWith(t, two, listenAndMetrics);
  const answers: string[] = [];
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  const [listen = 0, metrics = 0] = manager.ports;
  const callers = [listen, listen, listen, metrics].map(async (port) => {
    while (!isOver) answers.push(await exchange(port));
  });
  for (let round = 1; round <= 3; round += 1) {
    const pid = await start();
    await printedBanner(manager, round);
    assert.ok(manager.stdout().includes(`listens on ${local(listen)}\n`));
    assert.ok(manager.stdout().includes(`Metrics: ${local(metrics)}/metrics\n`));
    const before = answers.length;
    await until(() => answers.length > before + 20, { what: 'answers', timeoutMs: 60_000 });
    process.kill(pid, 'SIGTERM');
    assert.equal(await manager.ended(), 0);
  }
  await start();
  isOver = true;
  await Promise.all(callers);
  assert.deepEqual([...new Set(answers)], [good]);
});

test('monitor and worker have the very sockets, and no child is told that they are its own', {
  skip,
  timeout,
}, async (t) => {
  const { manager, start } = await unitWith(t, two, listenAndMetrics);
  const pid = await start();
  await printedBanner(manager);
  const http = await httpPidOf(pid);
  const inodes = (of: number) => tcpSocketsOf(of).map(({ inode }) => inode);
  assert.deepEqual(portsOf(pid), [...manager.ports].sort());
  assert.deepEqual(inodes(http), inodes(pid));
  for (const { pid: child } of childrenOf(pid)) {
    assert.doesNotMatch(readFileSync(`/proc/${child}/environ`, 'latin1'), /LISTEN_/);
  }
});

test('an address without a socket is opened beside those that were handed in', {
  skip,
  timeout,
}, async (t) => {
  const { manager, start } = await unitWith(t, [{ kind: 'listening' }], ([port]) => [
    ...['--listen', `http://127.0.0.1:0,${local(port)}`],
    ...['--metrics', 'none'],
  ]);
  await start();
  await printedBanner(manager);
  const [, first = ''] = /listens on \S+?:(\d+), (\S+)$/m.exec(manager.stdout()) ?? [];
  assert.equal(await exchange(Number(first)), good);
  assert.equal(await exchange(manager.ports[0] ?? 0), good);
});

// At once: a start that was activated ends seconds after it has failed.
describe('a socket that does not fit', { concurrency: true }, () => {
  for (const [what, socket, sentence] of [
    [
      'whose port no setting names',
      { kind: 'listening', name: 'uapid.socket' },
      /^uapid: uapid\.socket listens on 127\.0\.0\.1:\d+, where nothing is to be served: --listen and --metrics name http:\/\/127\.0\.0\.2:\d+\. /m,
    ],
    [
      'of the other family',
      { kind: 'listening', host: '::1' },
      /^uapid: uapid\.socket listens on \[::1\]:\d+, where nothing is to be served/m,
    ],
    [
      'that does not listen',
      { kind: 'bound' },
      /^uapid: uapid\.socket \(descriptor 3\) is no TCP socket that listens: its unit needs ListenStream=/m,
    ],
    [
      'of UDP',
      { kind: 'udp', name: 'x' },
      /^uapid: x \(descriptor 3\) is no TCP socket that listens/m,
    ],
    ['of the Unix family', { kind: 'unix' }, /\(descriptor 3\) is no TCP socket that listens/],
  ] as const) {
    test(`a socket ${what} stops the start with exit code 2 and a sentence`, {
      skip,
      timeout,
    }, async (t) => {
      const { manager, start } = await unitWith(t, [socket], ([port]) => [
        ...['--listen', `http://127.0.0.2:${port || 1}`],
        ...['--metrics', 'none'],
      ]);
      await start();
      assert.equal(await manager.ended(), 2);
      assert.match(manager.stderr(), sentence);
      assert.doesNotMatch(manager.stdout(), /listens on/);
    });
  }
});

test('sockets that were handed to another process are none of this one’s', {
  skip,
  timeout,
}, async (t) => {
  const { manager, start } = await unitWith(t, [{ kind: 'listening' }], () => [
    ...['--listen', 'http://127.0.0.1:0'],
    ...['--metrics', 'none'],
  ]);
  const pid = await start(true);
  await printedBanner(manager);
  assert.deepEqual(portsOf(await httpPidOf(pid)).length, 1);
  assert.notDeepEqual(portsOf(await httpPidOf(pid)), manager.ports);
});
