import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { programFile } from '../lib/program-file.ts';
import { texts } from './browser/texts.ts';

/** A file of the page, as it goes out. */
export interface PageFile {
  /** Its path on the server. */
  readonly url: string;
  readonly type: string;
  readonly plain: Encoded;
  /** Compressed when somebody first asks for it. */
  gzipped(): Encoded;
}

export interface Encoded {
  readonly body: Buffer;
  /** RFC 9110, section 8.8.3: another one for each encoding. */
  readonly etag: string;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The page's files, read at once: later the process may be a user who cannot. Its document is "/",
 * all others are below /page/. Throws when the document names a text that there is not.
 */
export function readPageFiles(): PageFile[] {
  return ['page/static/', 'page/browser/'].flatMap((folder) => {
    const at = programFile(folder);
    return readdirSync(at)
      .filter((name) => extname(name) in types)
      .map((name) => toPageFile(name, readFileSync(new URL(name, at))));
  });
}

function toPageFile(name: string, content: Buffer): PageFile {
  const isDocument = name === 'index.html';
  const isMarkup = isDocument || name.endsWith('.svg');
  const body = isMarkup ? Buffer.from(withTexts(content.toString())) : content;
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  let gzipped: Encoded | null = null;
  return {
    url: isDocument ? '/' : `/page/${name}`,
    type: types[extname(name)] ?? '',
    plain: { body, etag: `"${hash}"` },
    gzipped: () => {
      gzipped ??= { body: gzipSync(body, { level: 9 }), etag: `"${hash}-gzip"` };
      return gzipped;
    },
  };
}

/** Puts the texts in the place of their names in markup: {{name}}. */
function withTexts(markup: string): string {
  return markup.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const text: unknown = texts[name as keyof typeof texts];
    if (typeof text !== 'string') throw new Error(`the page has no text named ${name}`);
    return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  });
}
