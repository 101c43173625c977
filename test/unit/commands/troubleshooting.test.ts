import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';

const root = projectRoot();
const text = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');

/** Of other programs: curl, Node.js, and what is typed. */
const foreign = [
  'SSL certificate problem',
  'Cannot find module …/dist/…',
  'npm start',
  'Mozilla/…',
];

/** What stands in the first column of the tables as it is seen, in code or in quotation marks. */
const quoted = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| what you see'))
  .flatMap((line) => {
    const [, seen = ''] = line.split(' | ')[0]?.match(/^\| (.*)$/) ?? [];
    return Array.from(
      seen.matchAll(/`([^`]+)`|“([^”]+)”/g),
      ([, code, words]) => code ?? words ?? '',
    );
  })
  .filter((each) => !foreign.includes(each));

/** The sources with strings that lines break joined, and one mark for whatever is put into them. */
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') || name.endsWith('en.json'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  .join('\n')
  .replace(/['"`]\s*\+\s*['"`]/g, '')
  .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…')
  .replaceAll("\\'", "'");

/** Whether some text of the sources is what was seen, "…" and words in capitals standing for anything. */
function isInSources(seen: string): boolean {
  const pieces = seen
    .split(/…|\b(?:NAME|N)\b/)
    .map((piece) => piece.trim())
    .filter((piece) => piece.length > 2);
  if (pieces.length === 0 || !pieces.every((piece) => withAnything(piece).test(sources)))
    return false;
  // A code is in quotation marks or before a colon; a message is whole but for where it says "…".
  return !seen.includes(' ') || pieces.every((piece) => isWhole(piece, seen));
}

/** Whether a piece begins and ends where a sentence of the sources does, or where "…" says that it goes on. */
function isWhole(piece: string, seen: string): boolean {
  const isHead = seen.startsWith(piece);
  const isTail = seen.endsWith(piece);
  const before = isHead ? `(?<=^|['"\`]|[.:;] )` : '';
  const behind = isTail ? `(?=['"\`.:;,]|$)` : '';
  return new RegExp(`${before}${withAnything(piece).source}${behind}`, 'm').test(sources);
}

/** A path, a name in quotation marks and a word in capitals may be what the code puts in. */
function withAnything(piece: string): RegExp {
  const words = piece.split(' ').map((word) => {
    const isFilled = /[/“]|^\(?[A-Z]{3,}\)?$/.test(word);
    const filled = word.replace(/[\w/.-]*[\w/-]/, '…');
    return isFilled ? `(?:${escapeAll(word)}|${escapeAll(filled)})` : escapeAll(word);
  });
  return new RegExp(words.join(' '));
}

const escapeAll = (word: string) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

test('every message that docs/troubleshooting.md explains is one of the program’s', () => {
  assert.ok(quoted.length > 25, String(quoted));
  assert.deepEqual(
    quoted.filter((each) => !isInSources(each)),
    [],
  );
});

test('a message that nothing says, or only within another, is found', () => {
  assert.ok(!isInSources('the FTP role is disabled'));
  assert.ok(isInSources('… because the FTP role is disabled …'));
  assert.ok(isInSources('… role is disabled on this server.'));
  assert.ok(!isInSources('… role is disabled on this'));
  assert.ok(!isInSources('… is taken by the moon'));
  assert.ok(!isInSources('the FTP role is enabled by mistake'));
});
