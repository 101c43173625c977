import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { programFile } from '../lib/program-file.ts';

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

export interface Page {
  /** "/" in each language, by its code: "de". */
  readonly documents: ReadonlyMap<string, PageFile>;
  /** All others, which are below /page/. */
  readonly files: readonly PageFile[];
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const documentName = 'index.html';

/**
 * The page's files, read at once: later the process may be a user who cannot. Throws when the document
 * names a text that a language has not.
 */
export function readPage(): Page {
  const contents = ['page/static/', 'page/browser/', 'page/languages/'].flatMap(readFolder);
  const fleetTexts = readFolder('page/languages/fleet/').map(
    ([name, content]) => [`fleet/${name}`, content] as const,
  );
  const markup = String(contents.find(([name]) => name === documentName)?.[1]);
  const languages = contents.filter(([name]) => extname(name) === '.json');
  return {
    documents: new Map(
      languages.map(([name, content]) => {
        const language = basename(name, '.json');
        const body = Buffer.from(translate(markup, language, JSON.parse(String(content))));
        return [language, toPageFile('/', types['.html'] ?? '', body)];
      }),
    ),
    files: [...contents, ...fleetTexts]
      .filter(([name]) => name !== documentName)
      .map(([name, body]) => toPageFile(`/page/${name}`, types[extname(name)] ?? '', body)),
  };
}

function readFolder(folder: string): (readonly [name: string, content: Buffer])[] {
  const at = programFile(folder);
  return readdirSync(at)
    .filter((name) => extname(name) in types)
    .map((name) => [name, readFileSync(new URL(name, at))] as const);
}

function toPageFile(url: string, type: string, body: Buffer): PageFile {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  let gzipped: Encoded | null = null;
  return {
    url,
    type,
    plain: { body, etag: `"${hash}"` },
    gzipped: () => {
      gzipped ??= { body: gzipSync(body, { level: 9 }), etag: `"${hash}-gzip"` };
      return gzipped;
    },
  };
}

/** Puts the texts in the place of their names in markup, {{name}}, and the language in that of its. */
function translate(
  markup: string,
  language: string,
  texts: Readonly<Record<string, unknown>>,
): string {
  const ofLanguage = markup.replace('<html lang="en">', `<html lang="${language}">`);
  return ofLanguage.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const text = name === 'language' ? language : texts[name];
    if (typeof text !== 'string') throw new Error(`${language} has no text named ${name}`);
    return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  });
}
