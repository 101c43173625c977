import { once } from 'node:events';
import { linkSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { breakOff } from '../support/break-off.ts';
import { expectReply } from '../support/ftp-reply.ts';
import { between } from './choice.ts';
import { openData } from './data-connection.ts';
import { shownName, uniqueName } from './file-names.ts';
import type { FtpSession } from './ftp-session.ts';
import type { Identity } from './identities.ts';
import { type Activity, type Fact, idle } from './log.ts';

/** A file in every home that takes hours to download, and one that takes a moment; in bytes. */
export const endless = { name: 'endless', bytes: 1_000_000_000 };
export const short = { name: 'short', bytes: 3_000 };

/** Logs in with a wrong password: the session stays nobody's. */
export async function failToLogIn(session: FtpSession, { name }: Identity): Promise<void> {
  expectReply(await session.command(`USER ${name}`), 331);
  // vsftpd lets its guests in whatever the password is.
  if (session.daemon === 'vsftpd') return;
  expectReply(await session.command('PASS wrong'), 530);
}

export async function logIn(session: FtpSession, identity: Identity): Promise<void> {
  const { name, password, owner } = identity;
  expectReply(await session.command(`USER ${name}`), 331);
  const fact = { kind: 'logged-in', user: name, ownerUid: owner.uid } as const;
  await session.logIn(async () => {
    const waits = session.begin({ kind: 'doing', activity: idle });
    const login = session.begin(fact);
    expectReply(await session.command(`PASS ${password}`), 230);
    const pid = await session.findOwn(owner.uid);
    await session.waits();
    waits.done();
    login.done(pid === undefined ? fact : { ...fact, pid });
  });
  expectReply(await session.command('TYPE I'), 200);
}

export async function stayIdle(session: FtpSession, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: session.ending });
}

/** A listing, which is no transfer of a file. */
export async function list(session: FtpSession): Promise<void> {
  const data = await openData(session.control, (await session.command('EPSV')).text);
  data.resume();
  expectReply(await session.command('NLST'), 125, 150);
  expectReply(await session.nextReply(), 226);
  data.destroy();
}

/**
 * A download that this client breaks off after a while. It surely runs when its first bytes have
 * come, and until the connection is broken off, because the file has no end within reach.
 */
export async function download(session: FtpSession, owner: Identity['owner'], transfer: number) {
  const file = inHome(owner, endless.name, session, transfer);
  const preparedAt = Date.now();
  const data = await openData(session.control, (await session.command('EPSV')).text);
  try {
    const starts = session.begin(doing('download', file.shown, endless.bytes, preparedAt));
    expectReply(await session.command(Buffer.concat([Buffer.from('RETR '), file.name])), 125, 150);
    await once(data, 'data', { signal: session.ending });
    starts.done();
    data.resume();
    await stayIdle(session, between(200, 4_000));
    const stops = session.begin(doing('idle'));
    breakOff(data);
    await session.nextReply();
    await session.waits();
    stops.done();
  } finally {
    data.destroy();
  }
}

/** A download to its end: when it begins and ends within its time, nobody but the server knows. */
export async function downloadAll(session: FtpSession, owner: Identity['owner'], transfer: number) {
  const file = inHome(owner, short.name, session, transfer);
  const preparedAt = Date.now();
  const data = await openData(session.control, (await session.command('EPSV')).text);
  try {
    const starts = session.begin(doing('download', file.shown, short.bytes, preparedAt));
    const stops = session.begin(doing('idle'));
    expectReply(await session.command(Buffer.concat([Buffer.from('RETR '), file.name])), 125, 150);
    data.resume();
    expectReply(await session.nextReply(), 226);
    await session.waits();
    starts.done();
    stops.done();
  } finally {
    data.destroy();
  }
}

/**
 * An upload, ended in order or broken off. It surely runs when the server has written something to
 * the file, and until the client ends it.
 */
export async function upload(session: FtpSession, owner: Identity['owner'], transfer: number) {
  const name = uniqueName(session.number, transfer, session.daemon);
  const shown = shownName(name, session.daemon);
  session.afterwards(() => rmSync(pathIn(owner, name), { force: true }));
  const preparedAt = Date.now();
  const data = await openData(session.control, (await session.command('EPSV')).text);
  try {
    const starts = session.begin(doing('upload', shown, null, preparedAt));
    expectReply(await session.command(Buffer.concat([Buffer.from('STOR '), name])), 125, 150);
    data.write(Buffer.alloc(2_000, 'x'));
    while (sizeOf(pathIn(owner, name)) === 0) await stayIdle(session, 10);
    starts.done();
    await stayIdle(session, between(200, 4_000));
    const stops = session.begin(doing('idle'));
    if (Math.random() < 0.7) data.end(Buffer.alloc(100, 'y'));
    else breakOff(data);
    await session.nextReply();
    await session.waits();
    stops.done();
  } finally {
    data.destroy();
  }
}

function doing(
  state: Activity['state'],
  file = '',
  bytesTotal: number | null = null,
  preparedAt?: number,
): Fact {
  const prepared = preparedAt === undefined ? {} : { preparedAt };
  return { kind: 'doing', activity: { state, file, bytesTotal, ...prepared } };
}

/**
 * Gives a file of the owner's home a second name that is this transfer's alone, until the session has
 * ended: a daemon may have it open for longer than its client knows.
 */
function inHome(owner: Identity['owner'], file: string, session: FtpSession, transfer: number) {
  const name = uniqueName(session.number, transfer, session.daemon);
  const path = pathIn(owner, name);
  linkSync(`${owner.home}/${file}`, path);
  session.afterwards(() => rmSync(path, { force: true }));
  return { name, shown: shownName(name, session.daemon) };
}

function sizeOf(path: Buffer): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function pathIn(owner: Identity['owner'], name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${owner.home}/`), name]);
}
