import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Command } from 'commander';
import { manualPage } from '../../../build/manual.ts';
import { wholeProgram } from '../../support/whole-program.ts';

const program = await wholeProgram();
const page = manualPage(program, { version: '1.2.3', date: new Date('2030-04-23T16:23:23Z') });

const hasGroff = spawnSync('groff', ['--version']).status === 0;
const skip = hasGroff ? false : 'needs groff: install the package groff-base';

test('groff sets the manual page without a warning, with every command and option that the help shows', {
  skip,
}, () => {
  const options = ['-man', '-Tutf8', '-ww', '-rLL=300n', '-P-cbou'];
  const { stdout, stderr, status } = spawnSync('groff', options, {
    input: page,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr], [0, '']);
  const lines = stdout.split('\n').map((line) => line.trim());
  const expected: string[] = [];
  const walk = (command: Command, parent: string) => {
    const path = `${parent} ${command.name()}`;
    const isGroup = command.commands.length > 0 && command.options.length === 0;
    expected.push(isGroup ? path : `${path} ${command.usage()}`.trim());
    for (const { flags, hidden } of command.options) if (!hidden) expected.push(flags);
    for (const each of command.commands) walk(each, path);
  };
  for (const command of program.commands) walk(command, 'uapid');
  assert.ok(expected.length > 100);
  const missing = expected.filter(
    (words) => !lines.some((line) => line === words || line.startsWith(`${words} `)),
  );
  assert.deepEqual(missing, []);
  assert.match(stdout, /uapid 1\.2\.3 +2030-04-23/);
});

test('what a description begins or holds is no request and no escape of groff', { skip }, () => {
  const other = program.createCommand('other');
  const words = ".so /etc/passwd \\fBx\\fR 'br — “quoted” --flag";
  other.command('odd').description(words).option('--x "y"', '.ps 99 \\n[.s]');
  const odd = manualPage(other, { version: '1', date: new Date(0) });
  const set = execFileSync('groff', ['-man', '-Tutf8', '-ww', '-rLL=200n', '-P-cbou'], {
    input: odd,
    encoding: 'utf8',
  });
  assert.ok(set.includes(words), set);
  assert.ok(set.includes('.ps 99 \\n[.s]'), set);
});
