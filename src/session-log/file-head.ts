import type { FileHandle } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import type { LogFile } from './log-files.ts';
import { type GapCause, parseLine } from './log-line.ts';

const maxHeadBytes = 4_096;
/** What a file begins with that somebody else made, or before which nobody recorded. */
const ofOthers: ReadonlySet<GapCause> = new Set(['deleted', 'not-running']);

/**
 * Whether an open file of the log says at its beginning which sessions and gaps lasted when it was made
 * (`LogWriterOptions.head`), so that those before it are not needed for that. It does not where it is empty, where
 * `forgetSessions` has made it, and where the recorder that made it knows nothing of one before. What cannot be told
 * from the first kilobytes, or is damaged, counts as no.
 */
export async function tellsWhatLasted(
  handle: FileHandle,
  { isCompressed }: Pick<LogFile, 'isCompressed'>,
): Promise<boolean> {
  const buffer = Buffer.alloc(maxHeadBytes);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  const bytes = buffer.subarray(0, bytesRead);
  const texts = (isCompressed ? inflate(bytes) : bytes).toString().split('\n');
  for (const [index, text] of texts.entries()) {
    // A session that is over stands behind all that the head tells.
    if (/^{"event":"(?:session|files)"/.test(text)) return true;
    const line = parseLine(text);
    if (line === null) return index > 0;
    if (line.event === 'gap' && ofOthers.has(line.cause)) return false;
  }
  return true;
}

function inflate(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}
