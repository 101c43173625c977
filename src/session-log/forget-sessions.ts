import { constants, renameSync, statSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { syncDirectoryOf } from '../state/write-durably.ts';
import { createLineSplitter } from './line-splitter.ts';
import { asideName, type LogFile, lastWrittenAt, listLogFiles } from './log-files.ts';
import { formatLine, formatTime, parseLine, type SessionLine } from './log-line.ts';
import { beginOfHistory } from './read-history.ts';

/** Tells of a session's line whether it is to go. */
export type IsForgotten = (line: SessionLine) => boolean;

/** How many lines of the log at a path would go. Throws the system's error, and zlib's for damage. */
export async function countForgotten(path: string, isForgotten: IsForgotten): Promise<number> {
  let count = 0;
  for (const file of filesOf(path)) {
    const handle = await openToRead(file.path);
    try {
      count += (await sift(file, handle, isForgotten, null)).count;
    } finally {
      await handle.close();
    }
  }
  return count;
}

/** By then a writer that had looked which file is the log has written to the one that it saw. */
const settleMs = 500;
const settled = () => setTimeout(settleMs);

/**
 * Deletes the lines of sessions from the log at a path, from its current file and those that were set
 * aside, each replaced whole, and returns how many. A line stays that says how many and since when
 * something may be missing, and nothing of whom. The recorder may work meanwhile: the current file is
 * set aside first, and what it still wrote there is kept. Of sessions that are connected the recorder
 * writes its line when they end. Throws as `countForgotten` does.
 */
export async function forgetSessions(
  path: string,
  isForgotten: IsForgotten,
  settle: () => Promise<void> = settled,
): Promise<number> {
  const begin = await beginOfHistory(path);
  const lastAt = begin === null ? null : lastWrittenAt(path);
  const current = statSync(path, { throwIfNoEntry: false });
  if (current !== undefined && current.size > 0) renameSync(path, asideName(path, new Date()));
  let count = 0;
  let failure: unknown = null;
  for (const file of filesOf(path)) {
    if (file.path === path) continue;
    try {
      count += await rewrite(file, isForgotten, settle);
    } catch (error) {
      // One that is damaged keeps nobody in the others.
      failure ??= error;
    }
  }
  if (count > 0) {
    const at = formatTime(Date.now());
    const since = begin === null ? null : formatTime(begin);
    await append(
      path,
      formatLine({ event: 'gap', at, since, daemon: null, cause: 'deleted', count }),
      // Where no server runs, the next one takes that time for the last one at which sessions were recorded.
      lastAt,
    );
    await syncDirectoryOf(path);
  }
  if (failure !== null) throw failure;
  return count;
}

/** Never through a link: the folder may be writable to others than root. */
const appending =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

async function append(path: string, text: string, changedAt: number | null = null): Promise<void> {
  const handle = await open(path, appending, 0o600);
  try {
    const { size } = await handle.stat();
    await handle.appendFile(text);
    if (changedAt !== null && size === 0) await setBack(handle, text, changedAt);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a file that has this text alone an earlier time; what a recorder wrote meanwhile is from now. */
async function setBack(handle: FileHandle, text: string, changedAt: number): Promise<void> {
  const isAlone = async () => (await handle.stat()).size === Buffer.byteLength(text);
  if (!(await isAlone())) return;
  await handle.utimes(new Date(), new Date(changedAt));
  if (!(await isAlone())) await handle.utimes(new Date(), new Date());
}

function filesOf(path: string): LogFile[] {
  const files = listLogFiles(path);
  const twice = files.find(({ path: each }) => files.some(({ path: gz }) => gz === `${each}.gz`));
  if (twice === undefined) return files;
  throw new Error(`${twice.path} is being compressed: try again when that is done`);
}

async function rewrite(
  file: LogFile,
  isForgotten: IsForgotten,
  settle: () => Promise<void>,
): Promise<number> {
  const handle = await openToRead(file.path);
  const goal = `${file.path}.forget`;
  let made: FileHandle | null = null;
  try {
    // Else a line that is just being written would be read by halves.
    const isRecent = Date.now() - file.changedAt < 60_000;
    if (isRecent && !file.isCompressed) await settle();
    made = await openGoal(goal);
    const { count, bytes } = await sift(file, handle, isForgotten, made);
    if (count === 0) return 0;
    const { uid, gid, mtime } = await handle.stat();
    await made.chown(uid, gid);
    // Its age decides when it is removed, and its place among the others.
    await made.utimes(mtime, mtime);
    await made.sync();
    renameSync(goal, file.path);
    return count + (await addLate(file, handle, bytes, isForgotten));
  } finally {
    await handle.close();
    await made?.close();
    if (made !== null) await rm(goal, { force: true });
  }
}

/** Never through a link, and never one that another run writes. */
async function openGoal(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(
      `${path} is there: lines are being deleted by another command, or were when it was cut off; then remove it`,
    );
  }
}

/** What a writer wrote to the file that it had open, after that was read. */
async function addLate(
  file: LogFile,
  handle: FileHandle,
  from: number,
  isForgotten: IsForgotten,
): Promise<number> {
  if (file.isCompressed) return 0;
  const { size } = await handle.stat();
  if (size <= from) return 0;
  const late = Buffer.alloc(size - from);
  await handle.read(late, 0, late.length, from);
  const { text, count } = siftLines(late.toString().split('\n'), isForgotten);
  await append(file.path, text);
  return count;
}

const openToRead = (path: string) => open(path, constants.O_RDONLY | constants.O_NOFOLLOW);

/** Copies a file without the lines that are to go, or only counts them; `bytes` is what it has read. */
async function sift(
  { path, isCompressed }: LogFile,
  handle: FileHandle,
  isForgotten: IsForgotten,
  goal: FileHandle | null,
): Promise<{ readonly count: number; readonly bytes: number }> {
  let count = 0;
  async function* kept(source: AsyncIterable<Buffer>) {
    const splitter = createLineSplitter();
    const take = (lines: readonly string[]) => {
      const sifted = siftLines(lines, isForgotten);
      count += sifted.count;
      return sifted.text;
    };
    for await (const piece of source) yield take(splitter.take(piece));
    yield take(splitter.rest());
  }
  const raw = handle.createReadStream({ autoClose: false, start: 0 });
  const into = goal === null ? drain : writeTo(goal);
  try {
    if (!isCompressed) await pipeline(raw, kept, into);
    else if (goal === null) await pipeline(raw, createGunzip(), kept, into);
    else await pipeline(raw, createGunzip(), kept, createGzip(), into);
  } catch (error) {
    throw Object.assign(error as Error, { path });
  }
  return { count, bytes: raw.bytesRead };
}

/** From where the file ends; what it throws ends the pipeline. */
function writeTo(goal: FileHandle): (source: AsyncIterable<string | Buffer>) => Promise<void> {
  return async (source) => {
    for await (const piece of source) await goal.writeFile(piece);
  };
}

async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

/** What a crash or a full disk has cut goes too: no reader takes it, and it may be anybody's. */
function siftLines(lines: readonly string[], isForgotten: IsForgotten) {
  let count = 0;
  const kept = lines.filter((text) => {
    const line = parseLine(text);
    if (line === null) return false;
    const isGone = line.event !== 'gap' && isForgotten(line);
    if (isGone) count += 1;
    return !isGone;
  });
  return { count, text: kept.map((text) => `${text}\n`).join('') };
}
