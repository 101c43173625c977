import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A place in a compiled file, as an error's stack has it: "/x/dist/test/a.test.js:12:5". */
const position = /(?:file:\/\/)?(\/[^\s():]+\.js):(\d+):(\d+)/g;

/**
 * The same text with places in sources for those in compiled files that have a map. Node.js does so
 * itself with --enable-source-maps, and reads the map of every file for it, whether or not a test
 * fails; here only who has failed pays.
 */
export function withSourcePositions(text: string): string {
  const maps = new Map<string, SourceMap | null>();
  return text.replace(position, (found: string, path: string, line: string, column: string) => {
    const map = maps.get(path) ?? readMap(path);
    maps.set(path, map);
    // Empty where the map has nothing of it.
    const entry: Partial<SourceMapping> =
      map?.findEntry(Number(line) - 1, Number(column) - 1) ?? {};
    const { originalSource, originalLine = 0, originalColumn = 0 } = entry;
    if (originalSource === undefined) return found;
    const source = originalSource.startsWith('file:')
      ? fileURLToPath(originalSource)
      : resolve(path, '..', originalSource);
    return `${source}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

function readMap(path: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    return null;
  }
}
