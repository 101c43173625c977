import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';

const pieceBytes = 1024 * 1024;

/*
 * The floor of asking the session log, a program of its own: reads the files that it is given, one after
 * the other, unpacks those that are compressed, and does nothing else. Prints how many bytes there were.
 */
let bytes = 0;
for (const path of process.argv.slice(2)) {
  const raw = createReadStream(path, { highWaterMark: pieceBytes });
  const pieces = path.endsWith('.gz') ? raw.pipe(createGunzip({ chunkSize: pieceBytes })) : raw;
  for await (const piece of pieces as AsyncIterable<Buffer>) bytes += piece.length;
}
process.stdout.write(`${bytes}\n`);
