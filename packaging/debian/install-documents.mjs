/*
 * install-documents.mjs FOLDER: copies README.md, CHANGELOG.md, SECURITY.md and docs/ there. A link to a file of the
 * sources that is not among them becomes its text, and what they call packaging/NAME is examples/NAME. The
 * pictures of every state of the page, larger than the program, stay behind with their section.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [, , folder] = process.argv;

mkdirSync(folder, { recursive: true });
for (const name of ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs']) {
  const filter = (path) => path !== join('docs', 'pictures');
  cpSync(name, join(folder, name), { recursive: true, filter });
}
for (const name of readdirSync(folder, { recursive: true })) {
  if (!name.endsWith('.md')) continue;
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8')
    .replace(/^## Pictures of every state\n(?:(?!## ).*\n)*/m, '')
    .replace(/\[([^\]]*)\]\((?!https?:|#)([^)#]+)[^)]*\)/g, (link, words, to) =>
      existsSync(join(dirname(path), to)) ? link : words,
    )
    .replace(/`packaging\/(?!debian|systemd)/g, '`/usr/share/doc/uapid/examples/');
  writeFileSync(path, text);
}
