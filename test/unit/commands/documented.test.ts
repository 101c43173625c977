import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { project } from '../../support/generated-tables.ts';
import { wholeProgram } from '../../support/whole-program.ts';

const program = await wholeProgram();

const documents = ['README.md', 'docs', 'docs/clients'].flatMap((place) =>
  place.endsWith('.md')
    ? [place]
    : readdirSync(join(project, place))
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(place, name)),
);

/** The command lines in a text: behind `uapid`, up to the end of the code, a pipe or a comment. */
function commandLines(text: string): string[] {
  const code = [
    ...Array.from(text.matchAll(/^```sh\n(.*?)^```$/gms), ([, block = '']) => block),
    ...Array.from(text.matchAll(/`([^`\n]+)`/g), ([, words = '']) => words.replaceAll('\\|', '/')),
  ].join('\n');
  return Array.from(
    code.matchAll(/(?:^|sudo |\$\()(?:uapid|node dist\/src\/cli\.js) ([^\n|#)]*)/gm),
    ([, words = '']) => words,
  );
}

/** The command that words begin with, or what is wrong with them. */
function commandOf(words: readonly string[]): Command | string {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next !== undefined) command = next;
    else if (command.commands.length === 0 || command.registeredArguments.length > 0) break;
    else if (/^[a-z][a-z-]*$/.test(word)) return `${command.name()} has no ${word}`;
    else break;
  }
  return command;
}

for (const document of documents) {
  test(`${document}: every command and every flag in it is one`, () => {
    const wrong = commandLines(readFileSync(join(project, document), 'utf8')).flatMap((line) => {
      // Two in one: `passwd/remove`.
      const words = line.replace(/\/[a-z]+/g, '').split(/\s+/);
      const command = commandOf(words);
      if (typeof command === 'string') return [`${line}: ${command}`];
      const known = [...command.options.flatMap(({ long }) => long ?? []), '--help', '--version'];
      return Array.from(line.matchAll(/(?<![\w-])--[a-z][a-z-]*/g), ([flag]) => flag)
        .filter((flag) => !known.includes(flag))
        .map((flag) => `${line}: ${command.name()} has no ${flag}`);
    });
    assert.deepEqual(wrong, []);
  });
}

test('the documents are read for commands', () => {
  const all = documents.flatMap((document) =>
    commandLines(readFileSync(join(project, document), 'utf8')),
  );
  assert.ok(all.length > 60, `${all.length} commands`);
});

test('docs/commands.md has a row for every command', () => {
  const table = readFileSync(join(project, 'docs/commands.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `uapid '))
    .join('\n')
    .replaceAll('\\|', ' ');
  const walk = (command: Command, path: string): string[] => {
    const below = command.commands.flatMap((each) => walk(each, `${path} ${each.name()}`));
    return command.commands.length > 0 ? below : [path];
  };
  const missing = program.commands
    .flatMap((command) => walk(command, command.name()))
    .filter((path) => !new RegExp(`\\b${path.split(' ').join('\\b[^|]*\\b')}\\b`).test(table));
  assert.deepEqual(missing, []);
});
