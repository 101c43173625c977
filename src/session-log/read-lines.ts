import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { tellsWhatLasted } from './file-head.ts';
import { createLineSplitter } from './line-splitter.ts';
import { type LogFile, listLogFiles } from './log-files.ts';

/** How much has been read of how much, in bytes on the disk. */
export interface ReadProgress {
  readonly done: number;
  readonly total: number;
}

export interface LinesOptions {
  /**
   * Files that nothing was written to since then are left out, in ms since the epoch, but for the newest ones up to
   * the first that says at its beginning what lasted then.
   */
  readonly since: number | null;
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Given the file that is written to, with what has been read of it, to go on there; to be closed. */
  readonly onCurrent?: (file: FileHandle, position: number) => void;
}

interface OpenLogFile extends LogFile {
  readonly handle: FileHandle;
}

const pieceBytes = 1024 * 1024;
/** Between the list and the opening a file can be rotated or compressed. */
const maxTries = 5;

/**
 * The lines of a log, oldest first, in groups, over files that were set aside and compressed. All are
 * opened before the first is read, so that a rotation meanwhile takes none away. Throws the system's
 * error where one cannot be read, and zlib's where it is damaged, each with the file's `path`; yields nothing where there is none.
 */
export async function* readLogLines(
  path: string,
  { since, onProgress, onCurrent }: LinesOptions,
): AsyncGenerator<readonly string[]> {
  const files = await openAll(path, since);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  try {
    for (let file = files[0]; file !== undefined; file = files[0]) {
      const { handle, isCompressed, bytes } = file;
      const raw = handle.createReadStream({
        highWaterMark: pieceBytes,
        autoClose: false,
        start: 0,
      });
      const source = isCompressed ? raw.pipe(createGunzip({ chunkSize: pieceBytes })) : raw;
      // What a pipe comes from does not hand its errors on.
      if (source !== raw) raw.on('error', (error) => source.destroy(error));
      const splitter = createLineSplitter();
      try {
        for await (const piece of source as AsyncIterable<Buffer>) {
          onProgress?.({ done: before + Math.min(raw.bytesRead, bytes), total });
          yield splitter.take(piece);
        }
      } catch (error) {
        // zlib says what is wrong, and not where.
        throw Object.assign(error as Error, { path: file.path });
      }
      before += bytes;
      files.shift();
      if (file.path === path && onCurrent !== undefined) {
        onCurrent(handle, raw.bytesRead - splitter.restBytes());
        return;
      }
      // A crash or a full disk may have cut it: its parser tells whether it is a line.
      yield splitter.rest();
      await handle.close();
    }
  } finally {
    await closeAll(files);
  }
}

async function openAll(path: string, since: number | null): Promise<OpenLogFile[]> {
  for (let tries = 1; ; tries += 1) {
    const opened: OpenLogFile[] = [];
    try {
      let isToldLater = false;
      for (const file of listLogFiles(path).filter(isOriginal).toReversed()) {
        if (since !== null && file.changedAt < since && isToldLater) continue;
        const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW);
        opened.unshift({ ...file, handle });
        if (since !== null && !isToldLater) isToldLater = await tellsWhatLasted(handle, file);
      }
      return opened;
    } catch (error) {
      await closeAll(opened);
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === maxTries) throw error;
    }
  }
}

/** While gzip(1) works, a file is there twice. */
function isOriginal({ path, isCompressed }: LogFile, _: number, all: readonly LogFile[]): boolean {
  return !isCompressed || !all.some((other) => `${other.path}.gz` === path);
}

async function closeAll(files: readonly OpenLogFile[]): Promise<void> {
  for (const { handle } of files) await handle.close().catch(() => {});
}
