import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { inSandbox, needsSandbox } from './sandbox.ts';
import { until } from './until.ts';
import { users } from './users.ts';

/** Here /etc is a sandbox’s own: this one is the host of the sandboxes that it makes. */
describe('a sandbox', { skip: needsSandbox(), timeout: 240_000 }, () => {
  // Not on /run, where the temp folder of a sandbox is: that of another covers it.
  const folder = mkdtempSync('/tmp/uapid-sandboxes-');
  after(() => rmSync(folder, { recursive: true }));

  /** A shell script in a sandbox, and what it has written. */
  function run(name: string, script: string) {
    const path = join(folder, name);
    const output = openSync(path, 'w');
    const { exitCode, stop } = inSandbox(['sh', '-c', script], {
      ownNetwork: true,
      output: [output, output, 'ignore'],
    });
    return { exitCode, stop, text: () => readFileSync(path, 'utf8') };
  }

  test('keeps its users when the host changes an account meanwhile, and the host its own', async (t) => {
    const before = readFileSync('/etc/passwd', 'utf8');
    const replace = (text: string) => {
      // As useradd(8) does it.
      writeFileSync('/etc/passwd+', text, { mode: 0o644 });
      renameSync('/etc/passwd+', '/etc/passwd');
    };
    t.after(() => replace(before));
    const go = join(folder, 'go');
    const { exitCode, text } = run(
      'users',
      `echo own:x:70001:70001::/:/bin/false >> /etc/passwd; echo begun
       while [ ! -e ${go} ]; do sleep 0.05; done
       getent passwd own ${users.alice.name}`,
    );
    await until(() => text().includes('begun'), { what: 'the sandbox is made' });
    replace(`${before}late:x:70002:70002::/:/bin/false\n`);
    writeFileSync(go, '');
    assert.equal(await exitCode, 0, text());
    assert.match(text(), /^own:x:70001:.*\nalice:x:62001:/m);
    assert.doesNotMatch(readFileSync('/etc/passwd', 'utf8'), /^own:/m);
  });

  test('has a loopback interface of its own', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await until(() => server.listening, { what: 'it listens' });
    const { port } = server.address() as { port: number };
    const { exitCode, text } = run(
      'network',
      `cat /proc/net/tcp; ${process.execPath} -e '
         require("net").createServer().listen(${port}, "127.0.0.1", () => process.exit(7))'`,
    );
    assert.equal(await exitCode, 7, text());
    assert.deepEqual(text().trim().split('\n').length, 1, text());
  });
});
