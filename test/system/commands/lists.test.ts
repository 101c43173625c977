import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { exitCodes } from '../../../src/commands/exit-codes.ts';
import { commands } from '../../../src/commands/index.ts';
import { runCommand } from '../../support/command-run.ts';
import { project } from '../../support/generated-tables.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'uapid-lists-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const uapid = (...args: string[]) => runCommand(args, { env: { UAPID_STATE_DIR: state } });

/** What docs/commands.md shows of a list, by the command that prints it. */
function documentedLists(): Map<string, unknown> {
  const text = readFileSync(join(project, 'docs/commands.md'), 'utf8');
  const found = text.matchAll(/^####? (.+)\n\n```json\n([^`]+)```$/gm);
  return new Map(Array.from(found, ([, command = '', json = '']) => [command, JSON.parse(json)]));
}

/** The keys of a list's rows, or of what holds them. */
function keysOf(list: unknown): string[] {
  return Object.keys((Array.isArray(list) ? list[0] : list) as object);
}

/** Every command of the help that lists something. */
async function listCommands(): Promise<string[]> {
  const found = ['sessions'];
  for (const group of Object.keys(commands)) {
    const { stdout } = await uapid(group, '--help');
    if (/^ {2}list\b/m.test(stdout)) found.push(`${group} list`);
  }
  return found;
}

test('every list prints JSON with the keys that docs/commands.md shows', async () => {
  for (const args of [
    ['account', 'add', 'rita', '--role', 'reseller', '--system-user', 'games'],
    ['account', 'add', 'shop', '--owner', 'rita', '--ftp-logins', '*@shop.example'],
  ]) {
    assert.equal((await uapid(...args, '--generate-password')).code, 0);
  }
  assert.equal((await uapid('token', 'add', 'shop', '--name', 'backup')).code, 0);
  const documented = documentedLists();
  assert.deepEqual([...documented.keys()].sort(), (await listCommands()).sort());
  for (const [command, shown] of documented) {
    const { code, stdout, stderr } = await uapid(...command.split(' '), '--json');
    assert.equal(code, 0, stderr);
    assert.deepEqual(keysOf(JSON.parse(stdout)), keysOf(shown), command);
  }
});

test('exists, not found, refused, invalid, wrong usage and failed have exit codes of their own', async () => {
  const codes = Object.values(exitCodes).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  const ended = async (...args: string[]) => (await uapid(...args)).code;
  const add = (name: string, ...more: string[]) =>
    ended('account', 'add', name, '--generate-password', ...more);
  const { done, failed, usage, unknown, exists, refused, invalid } = exitCodes;
  assert.equal(await add('boss', '--role', 'admin'), done.code);
  assert.equal(await add('boss', '--role', 'admin'), exists.code);
  assert.equal(await ended('token', 'revoke', '0f3a5c7e9b1d'), unknown.code);
  const feature = ['account', 'feature', 'disable', 'boss', 'ftpaccts'];
  assert.equal(await ended(...feature), refused.code);
  assert.equal(await add('bo:b'), invalid.code);
  assert.equal(await add('bob', '--nonsense'), usage.code);
  // A file in place of a directory fails for root, too.
  const inFile = join(state, 'accounts.json', 'below');
  assert.equal(await add('bob', '--state-dir', inFile), failed.code);
});

test('the help of every command says what its exit code means', async () => {
  const shown = Object.values(exitCodes).map(({ code, means }) => `  ${code}  ${means}\n`);
  for (const args of [[], ['account'], ['account', 'add'], ['kill'], ['serve']]) {
    const { stdout } = await uapid(...args, '--help');
    assert.ok(stdout.endsWith(`Exit codes:\n${shown.join('')}`), args.join(' '));
  }
});
