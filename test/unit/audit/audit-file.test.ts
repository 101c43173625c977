import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAuditFile } from '../../../src/audit/audit-file.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'audit-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('the file is made without access for others, and what is in it stays', (t) => {
  const path = join(folder(t), 'audit.log');
  const first = openAuditFile(path);
  first.write('one\n');
  first.close();
  const second = openAuditFile(path);
  second.write('two\n');
  second.close();
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
  assert.equal(statSync(path).mode & 0o027, 0);
});

test('two writers do not overwrite each other', (t) => {
  const path = join(folder(t), 'audit.log');
  const [a, b] = [openAuditFile(path), openAuditFile(path)];
  for (let i = 0; i < 10; i++) {
    a.write(`a${i}\n`);
    b.write(`b${i}\n`);
  }
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 21);
  a.close();
  b.close();
});

test('after a rotation the next line is in the new file', (t) => {
  const path = join(folder(t), 'audit.log');
  const file = openAuditFile(path);
  file.write('before\n');
  renameSync(path, `${path}.1`);
  file.write('after\n');
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'before\n');
  assert.equal(readFileSync(path, 'utf8'), 'after\n');
  rmSync(path);
  writeFileSync(path, '');
  file.write('again\n');
  assert.equal(readFileSync(path, 'utf8'), 'again\n');
  file.close();
});

test('a line that was cut off does not swallow the next one', (t) => {
  const path = join(folder(t), 'audit.log');
  writeFileSync(path, 'uapid-audit: cut o');
  const file = openAuditFile(path);
  file.write('whole\n');
  file.write('next\n');
  file.close();
  assert.equal(readFileSync(path, 'utf8'), 'uapid-audit: cut o\nwhole\nnext\n');
});

test('a link, a pipe and a folder are refused, and nothing behind a link is touched', (t) => {
  const path = folder(t);
  symlinkSync(join(path, 'target'), join(path, 'link'));
  execFileSync('mkfifo', [join(path, 'pipe')]);
  assert.throws(() => openAuditFile(join(path, 'link')), { code: 'ELOOP' });
  assert.throws(() => openAuditFile(join(path, 'pipe')), /no regular file/);
  assert.throws(() => openAuditFile(path), { code: 'EISDIR' });
  assert.throws(() => openAuditFile(join(path, 'missing', 'audit.log')), { code: 'ENOENT' });
  assert.ok(!existsSync(join(path, 'target')));
});
