import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type Interpreter, interpreter } from './interpreters.ts';
import { setScene } from './scene.ts';

const project = fileURLToPath(new URL('../../../../', import.meta.url));

interface Example {
  readonly file: string;
  /** What Node.js runs of it, where that is not the file itself; from the project's folder. */
  readonly runs?: string;
  readonly interpreter: () => Promise<Interpreter>;
  /** What it prints, as lines of user, host and status. */
  readonly lines?: (output: string) => string[];
}

const node: Interpreter = { command: process.execPath, env: {} };

const examples: Example[] = [
  { file: 'curl.sh', interpreter: shellWithCurl, lines: linesOfJson },
  { file: 'javascript.mjs', interpreter: async () => node },
  { file: 'typescript.ts', interpreter: async () => node, runs: 'dist/docs/clients/typescript.js' },
  { file: 'python.py', interpreter: () => interpreter('python') },
  { file: 'php.php', interpreter: () => interpreter('php') },
  { file: 'perl.pl', interpreter: () => interpreter('perl') },
];

test('every example of docs/clients is run here, and stands in the list of them', () => {
  const folder = join(project, 'docs/clients');
  const files = readdirSync(folder).filter((name) => name !== 'README.md');
  assert.deepEqual(files.sort(), [...examples.map(({ file }) => file), 'events.sh'].sort());
  const list = readFileSync(join(folder, 'README.md'), 'utf8');
  for (const file of files) assert.ok(list.includes(`](${file})`), `README.md there lacks ${file}`);
});

describe('the example', { skip: needsSandbox() }, () => {
  const scene = setScene();

  for (const example of examples) {
    const path = join(project, example.runs ?? join('docs/clients', example.file));

    describe(example.file, () => {
      let program: Interpreter;

      before(async () => {
        program = await example.interpreter();
      });

      function run(facts: { readonly token?: string; readonly certificate?: string } = {}) {
        const { host, certificateFile, alice } = scene.uapid;
        return runProgram(program, path, {
          UAPID_HOST: host,
          UAPID_USER: alice.name,
          UAPID_TOKEN: facts.token ?? alice.token,
          ...trust(facts.certificate ?? certificateFile),
        });
      }

      test('prints user, host and status of each session of the account', async () => {
        const { code, stdout, stderr } = await run();
        assert.deepEqual([code, stderr], [0, '']);
        const lines = (example.lines ?? linesOf)(stdout).sort();
        const expected = scene.visitors('alice');
        assert.deepEqual(
          lines,
          expected.map(({ user, host, status }) => `${user} ${host} ${status}`).sort(),
        );
      });

      test('fails with the server’s text when the token is wrong', async () => {
        const { code, stdout, stderr } = await run({ token: 'not-the-token' });
        assert.notEqual(code, 0);
        assert.match(stdout + stderr, /credentials/);
        assert.doesNotMatch(stdout + stderr, /not-the-token/);
      });

      test('fails when the server has another certificate', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'other-certificate-'));
        try {
          const { code, stdout, stderr } = await run({ certificate: otherCertificate(folder) });
          assert.notEqual(code, 0);
          assert.match(stdout + stderr, /certificate|self.signed/i);
          assert.doesNotMatch(stdout, /alice/);
        } finally {
          rmSync(folder, { recursive: true });
        }
      });
    });
  }

  test('events.sh prints the account’s sessions as they are', async (t) => {
    const path = join(project, 'docs/clients/events.sh');
    const { host, certificateFile, alice } = scene.uapid;
    const { command, env } = await shellWithCurl();
    const child = spawn(command, [path], {
      env: {
        ...env,
        UAPID_HOST: host,
        UAPID_USER: alice.name,
        UAPID_TOKEN: alice.token,
        ...trust(certificateFile),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill());
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const told = await until(() => /^event: sessions\nid: [\w-]+\ndata: (.*)\n\n/m.exec(output), {
      what: 'the sessions',
    });
    const rows: { pid: number }[] = JSON.parse(told[1] ?? '').data;
    assert.deepEqual(
      rows.map(({ pid }) => pid).sort(),
      scene
        .visitors('alice')
        .map(({ pid }) => pid)
        .sort(),
    );
  });
});

/** As the list of the examples says. */
function trust(certificate: string) {
  return { UAPID_CERT: certificate, NODE_EXTRA_CA_CERTS: certificate };
}

/** The shell finds curl by its name. */
async function shellWithCurl(): Promise<Interpreter> {
  const curl = await interpreter('curl');
  return { command: '/bin/sh', env: { PATH: join(curl.command, '..'), ...curl.env } };
}

async function runProgram(
  { command, args = [], env }: Interpreter,
  path: string,
  variables: Readonly<Record<string, string>>,
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env;
  const options = { env: { PATH, HOME, ...env, ...variables }, timeout: 120_000 };
  return await new Promise((resolve) => {
    execFile(command, [...args, path], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? 'killed'), stdout, stderr }),
    );
  });
}

function linesOf(output: string): string[] {
  return output.split('\n').filter(Boolean);
}

function linesOfJson(output: string): string[] {
  const { data } = JSON.parse(output);
  return data.map(({ user, host, status, ...rest }: Record<string, string>) => {
    assert.deepEqual(rest, {});
    return `${user} ${host} ${status}`;
  });
}

/** For the same names, by another key. */
function otherCertificate(folder: string): string {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-x509', '-nodes', '-newkey', 'rsa:2048', '-subj', '/CN=localhost', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
  return certificate;
}
