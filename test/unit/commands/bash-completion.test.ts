import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Command } from 'commander';
import { bashCompletion } from '../../../src/commands/bash-completion.ts';
import { wholeProgram } from '../../support/whole-program.ts';

let folder: string;
let program: Command;

before(async () => {
  program = await wholeProgram();
  folder = mkdtempSync(join(tmpdir(), 'uapid-completion-'));
  writeFileSync(join(folder, 'uapid'), bashCompletion(program));
  writeFileSync(join(folder, 'my uapid.json'), '');
});
after(() => rmSync(folder, { recursive: true }));

/** What bash itself offers for each of these beginnings of a line, the last word of which is being typed. */
function offered(...lines: readonly (readonly string[])[]): string[][] {
  const script = `source ./uapid
    for line in "$@"; do
      IFS=$'\\t' read -ra COMP_WORDS <<< "$line"
      [[ $line = *$'\\t' ]] && COMP_WORDS+=('')
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMPREPLY=()
      _uapid
      (IFS=$'\\t'; echo "\${COMPREPLY[*]}")
    done`;
  const words = lines.map((line) => line.join('\t'));
  const said = execFileSync('bash', ['--norc', '-c', script, 'bash', ...words], {
    cwd: folder,
    encoding: 'utf8',
    // compopt belongs to a completion that readline has begun.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t').filter(Boolean));
}

test('completes commands, those below them, options, and what these take', () => {
  assert.deepEqual(
    offered(
      ['uapid', 'se'],
      ['uapid', 'account', 'feature', ''],
      ['uapid', 'account', 'add', 'x', '--ro'],
      ['uapid', 'account', 'add', 'x', '--role', ''],
      ['uapid', 'serve', '--process-source', 'p'],
      ['uapid', 'serve', '--config', 'my'],
      ['uapid', 'account', 'import', 'my'],
      ['uapid', 'account', 'import', '--js'],
      ['uapid', 'account', 'add', '--owner', ''],
      ['uapid', 'completion', 'b'],
    ),
    [
      ['serve', 'sessions'],
      ['enable', 'disable', '--help'],
      ['--role'],
      ['user', 'reseller', 'admin'],
      ['procfs', 'ps-list'],
      ['my uapid.json'],
      ['my uapid.json'],
      ['--json'],
      [],
      ['bash'],
    ],
  );
});

test('every command and every option that the help shows is offered, and no other', () => {
  const places: { path: string[]; expected: string[] }[] = [];
  const walk = (command: Command, path: string[]) => {
    const shown = command.options.filter(({ hidden }) => !hidden).map(({ long }) => String(long));
    const below = command.commands.map((each) => each.name());
    places.push({ path, expected: [...below, ...shown, '--help'] });
    for (const each of command.commands) walk(each, [...path, each.name()]);
  };
  walk(program, ['uapid']);
  const all = offered(
    ...places.flatMap(({ path }) => [
      [...path, '-'],
      [...path, ''],
    ]),
  );
  for (const [index, { path, expected }] of places.entries()) {
    const options = all[2 * index] ?? [];
    assert.deepEqual(
      options,
      expected.filter((word) => word.startsWith('-')),
      path.join(' '),
    );
    const words = all[2 * index + 1] ?? [];
    const commands = expected.filter((word) => !word.startsWith('-'));
    assert.deepEqual(
      words.filter((word) => commands.includes(word)),
      commands,
      path.join(' '),
    );
  }
  assert.ok(places.length > 25);
});
