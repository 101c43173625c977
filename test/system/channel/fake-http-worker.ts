import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { receiveFrames, sendFrame } from '../../../src/lib/frames.ts';
import { everybody, ofUids } from '../../../src/sessions/scope.ts';

/*
 * A FAKE of the worker, as one could be that somebody has taken over: it says that it listens,
 * and then does what the real one never does. It keeps the rights that it was started with.
 */

const channel = new Socket({ fd: 3, readable: true, writable: true, allowHalfOpen: true });
const send = (value: unknown) => sendFrame(channel, JSON.stringify(value));

const misdeeds = {
  'random bytes': () => channel.write(randomBytes(1024 * 1024)),
  'the header of a frame of 4 GiB': () => channel.write(Buffer.alloc(4, 0xff)),
  'a frame that is no JSON': () => sendFrame(channel, '{"id":1,"verb":'),
  'JSON of a wrong form': () =>
    send({ id: 1, verb: 'snapshot', scope: { ...ofUids([]), uids: ['0'] }, known: 0 }),
  'an unknown verb': () => send({ id: 1, verb: 'run', command: 'id' }),
  'a pid of its own choice to end': () =>
    send({ id: 1, verb: 'end-sessions', identities: [{ pid: process.ppid }], scope: everybody }),
  'a path in place of a version': () => send({ id: 1, verb: 'state', known: '/etc/shadow' }),
  'half a frame and silence': () => {
    channel.write(Buffer.from([0, 0, 0, 100]));
    channel.write('{"id":1,');
  },
  'the end of its channel, and lives on': () => channel.end(),
  'no answer to SIGTERM': () => {},
  'an address of its own': () => {},
  'a reason with what a terminal obeys': () => {},
  'a line of a command’s for the audit log': () =>
    send({
      event: 'audit',
      claim: {
        event: 'account-added',
        address: null,
        account: 'mallory',
        by: 'root',
        role: 'admin',
      },
    }),
  '100,000 refusals and a login for the audit log': () => {
    const who = { address: '192.0.2.1', account: 'x\u001b[2J\n'.repeat(10) };
    const refused = { event: 'access-refused', ...who, door: 'contract', scheme: 'basic' };
    for (let count = 0; count < 100_000; count += 1) {
      send({ event: 'audit', claim: { ...refused, reason: 'credentials' } });
    }
    send({ event: 'audit', claim: { event: 'login', ...who, door: 'login' } });
  },
  '5,000 requests that fail': () => {
    for (let id = 1; id <= 5_000; id += 1) {
      send({ id, verb: 'end-sessions', identities: [], scope: everybody });
    }
  },
  '100,000 requests and reads none of the answers': () => {
    channel.pause();
    for (let id = 1; id <= 100_000; id += 1) send({ id, verb: 'state', known: 0 });
  },
  '100,000 requests and reads the answers late': async () => {
    let answers = 0;
    // However long that takes, it does not hang: it says so among the requests, and behind them.
    const tellAlive = () => send({ event: 'alive' });
    setInterval(tellAlive, 500);
    channel.pause();
    for (let id = 1; id <= 100_000; id += 1) {
      send({ id, verb: 'snapshot', scope: ofUids([id]), known: 0 });
      if (id % 1_000 === 0) tellAlive();
    }
    receiveFrames(channel, 2 ** 31, {
      onFault: (error) => process.stderr.write(`fake: ${error.message}\n`),
      onValue: (value) => {
        // Not a question whether it is alive.
        if (!('id' in (value as object))) return;
        answers += 1;
        if (answers === 100_000) process.stderr.write('fake: every request is answered\n');
      },
    });
    channel.pause();
    setTimeout(() => channel.resume(), 1000);
  },
} as const;

export type Misdeed = keyof typeof misdeeds;

/** What some say first in place of that they listen. */
const announcements: Partial<Record<Misdeed, unknown>> = {
  'an address of its own': { event: 'listening', urls: ['http://192.0.2.66:2082'] },
  'a reason with what a terminal obeys': {
    event: 'failed',
    message: 'no\u001b[2J\nuapid: all is well',
  },
};

/** Waits for the first frame, says that it listens, and does that. */
export async function misbehave(misdeed: Misdeed): Promise<void> {
  channel.on('error', () => {});
  if (misdeed === 'no answer to SIGTERM') process.on('SIGTERM', () => {});
  await once(channel, 'data');
  send(announcements[misdeed] ?? { event: 'listening' });
  misdeeds[misdeed]();
  // Nothing but a signal ends it.
  setInterval(() => {}, 1000);
}
