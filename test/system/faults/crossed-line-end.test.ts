import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createThrottle } from '../../../src/auth/throttle.ts';
import { defaultLimits } from '../../../src/auth/throttle-limits.ts';
import { basic, testServices } from '../../support/app.ts';
import {
  administratorPorts,
  type CpanelPort,
  type CpanelServer,
  cpanelPorts,
  isTls,
  startCpanelServer,
} from '../../support/cpanel-ports.ts';
import { parseAnswers } from '../../support/http.ts';
import { aliceRow, bobRow, flat, twoSessions } from '../../support/http-sessions.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const services = testServices({ sessions: twoSessions });
let server: CpanelServer;
before(async () => {
  server = await startCpanelServer(services);
});
after(() => server.close());

const path = '/execute/Ftp/list_sessions';
const crossed = '\n\r\r\n\r\n';
const credentials = (name: string, password?: string) =>
  `Authorization: ${basic(name, password).authorization}`;
const head = (...lines: readonly string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: x', 'Accept: */*', ...lines].join('\r\n');
const fromPhp = (name = 'admin', password?: string) =>
  `${head(credentials(name, password))}${crossed}`;

/** What is said of the answers that came, in their order. */
async function answersTo(port: CpanelPort, ...pieces: readonly string[]) {
  const answers = parseAnswers(await server.exchange(port, ...pieces), []);
  return answers.map(({ status, body }) => {
    assert.doesNotThrow(() => JSON.parse(body));
    return [status, body] as const;
  });
}

const statuses = async (...pieces: readonly string[]) => {
  const plain = (await answersTo(2082, ...pieces)).map(([status]) => status);
  const encrypted = (await answersTo(2083, ...pieces)).map(([status]) => status);
  assert.deepEqual(plain, encrypted);
  return plain;
};

for (const port of cpanelPorts) {
  test(`${port}: the header that ends with LF CR is answered as any other, and ends the connection`, async () => {
    const bytes = await server.exchange(port, fromPhp());
    const [answer, ...more] = parseAnswers(bytes, []);
    assert.deepEqual([answer?.status, more], [200, []]);
    assert.equal(answer?.body, flat(aliceRow, bobRow));
    assert.equal(answer?.header('connection'), 'close');
    const usual = parseAnswers(
      await server.exchange(port, `${head(credentials('admin'), 'Connection: close')}\r\n\r\n`),
      [],
    );
    const undated = (headers = answer?.headers) => headers?.filter(([name]) => name !== 'date');
    assert.deepEqual(undated(), undated(usual[0]?.headers));
  });

  test(`${port}: curl, to which a script has given that header, gets its answer`, async () => {
    const url = `${isTls(port) ? 'https' : 'http'}://${server.host}:${port}${path}`;
    const header = `${credentials('admin')}\n\r`;
    const { stdout } = await run('curl', ['-sk', '--max-time', '20', '-H', header, url]);
    assert.equal(stdout, flat(aliceRow, bobRow));
  });
}

test('who comes with it is let in where it may come in, and sees its own', async () => {
  assert.deepEqual(await answersTo(2083, fromPhp('alice')), [[200, flat(aliceRow)]]);
  for (const port of administratorPorts) {
    assert.deepEqual(
      (await answersTo(port, fromPhp('alice'))).map(([status]) => status),
      [401],
    );
  }
  assert.deepEqual(await statuses(fromPhp('alice', 'wrong')), [401]);
  assert.deepEqual(await statuses(fromPhp('nobody')), [401]);
});

test('where it comes from counts as for any other: site, scheme and address', async () => {
  const target = '/execute/Ftp/kill_session?login=nobody';
  const from = async (port: CpanelPort, ...lines: readonly string[]) => {
    const text = head(...lines, credentials('alice')).replace(path, target);
    const [[, body] = [0, '']] = await answersTo(port, `${text}${crossed}`);
    return /another site/.test(body);
  };
  assert.equal(await from(2082, 'Origin: http://x'), false);
  assert.equal(await from(2083, 'Origin: https://x'), false);
  assert.equal(await from(2083, 'Origin: http://x'), true);
  assert.equal(await from(2082, 'Sec-Fetch-Site: cross-site'), true);
  assert.equal(await from(2082, 'User-Agent: Mozilla/5.0'), true);
  assert.match(services.auditLines.join(''), /call-refused address=127\.0\.0\.1 account="alice"/);
});

test('guessing in that form is slowed down, whichever way one asks afterwards', async () => {
  const account = { ...defaultLimits.account, free: 3 };
  const strict = testServices({ throttle: createThrottle({ ...defaultLimits, account }) });
  const slow = await startCpanelServer(strict);
  try {
    const ask = async (text: string) => {
      const [answer] = parseAnswers(await slow.exchange(2083, text), []);
      return [answer?.status, answer?.header('retry-after') !== undefined];
    };
    for (let failures = 1; failures <= 3; failures += 1) {
      assert.deepEqual(await ask(fromPhp('alice', `wrong ${failures}`)), [401, false]);
    }
    assert.deepEqual(await ask(fromPhp('alice')), [429, true]);
    const usual = `${head(credentials('alice'), 'Connection: close')}\r\n\r\n`;
    assert.deepEqual(await ask(usual), [429, true]);
    assert.deepEqual(await ask(fromPhp('bob')), [200, false]);
    const refused = strict.auditLines.filter((line) => line.includes('access-refused'));
    assert.equal(refused.length, 4);
  } finally {
    await slow.close();
  }
});

const whole = fromPhp();
const hidden = `GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n`;
const auth = credentials('admin');
const otherForms: [what: string, text: string][] = [
  ['POST', whole.replace('GET', 'POST')],
  ['HEAD', whole.replace('GET', 'HEAD')],
  ['HTTP/1.0', whole.replace('HTTP/1.1', 'HTTP/1.0')],
  ['an absolute target', whole.replace('GET /', 'GET http://x/')],
  ['a length of nothing', `${head('Content-Length: 0', auth)}${crossed}`],
  ['a length', `${head('Content-Length: 5', auth)}${crossed}`],
  ['a length in capital letters', `${head('CONTENT-LENGTH: 5', auth)}${crossed}`],
  ['chunks', `${head('Transfer-Encoding: chunked', auth)}${crossed}`],
  ['an expectation', `${head('Expect: 100-continue', auth)}${crossed}`],
  ['an upgrade', `${head('Connection: upgrade', 'Upgrade: h2c', auth)}${crossed}`],
  ['a second Authorization', `${head(auth, auth)}${crossed}`],
  ['another scheme', `${head('Authorization: cpanel admin:ADMINT0KEN')}${crossed}`],
  ['a scheme in small letters', `${head(auth.replace('Basic', 'basic'))}${crossed}`],
  ['a name in small letters', `${head(auth.replace('Authorization', 'authorization'))}${crossed}`],
  ['no base64', `${head('Authorization: Basic a:b')}${crossed}`],
  ['a blank behind', `${head(`${auth} `)}${crossed}`],
  ['another header of that form', `${head(auth, 'X: y')}${crossed}`],
  ['a header behind', `${head(auth)}\n\r\r\nX: y\r\n\r\n`],
  ['LF alone', `${head(auth)}\n\r\n`],
  ['LF and CRLF', `${head(auth)}\n\r\n\r\n`],
  ['CR alone', `${head(auth)}\r\r\n\r\n`],
  ['two of them', `${head(auth)}\n\r\n\r\r\n\r\n`],
  ['one before, too', `${head('X: y\n\r', auth)}${crossed}`],
  ['LF in another header', `${head('X: y\nContent-Length: 5', auth)}${crossed}`],
  ['CR in another header', `${head('X: y\rContent-Length: 5', auth)}${crossed}`],
  ['a folded header', `${head('X: y', ' z', auth)}${crossed}`],
  ['a blank before a colon', `${head('X : y', auth)}${crossed}`],
  ['a NUL', `${head('X: \0', auth)}${crossed}`],
  ['a header of no name', `${head(': y', auth)}${crossed}`],
  ['an empty line first', `\r\n${whole}`],
  ['a blank in the target', whole.replace('GET /', 'GET / ')],
  ['a request behind it', `${whole}${hidden}`],
  ['the same behind it', `${whole}${whole}`],
];
test('a blank line before it ends a request without credentials, and what follows is none', async () => {
  assert.deepEqual(await statuses(`${head('', auth)}${crossed}`), [401, 400]);
});

for (const [what, text] of otherForms) {
  test(`no other form is answered: ${what}`, async () => {
    assert.deepEqual(await statuses(text), [400]);
  });
}

test('headers above the limit are refused in that form, too', async () => {
  assert.deepEqual(await statuses(`${head(`X: ${'x'.repeat(17_000)}`, auth)}${crossed}`), [431]);
});

const open = `GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n`;
const inPieces: [what: string, pieces: string[], expected: number[]][] = [
  ['behind another request in one piece', [`${open}${whole}`], [404, 400]],
  ['behind another request', [open, whole], [404, 400]],
  ['as the end of another head', [`GET /x HTTP/1.1\r\nX: `, whole], [400]],
  ['as the rest of a name', [`GET /x HTTP/1.1\r\nX`, whole], [400]],
  [
    'as a body whose end comes behind it',
    [
      `POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${whole.length}\r\n\r\n`,
      whole,
    ],
    [404],
  ],
  [
    'as a body that ends within it',
    [
      `POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: ${whole.length - auth.length - crossed.length}\r\n\r\n`,
      whole,
    ],
    [400],
  ],
  [
    'as a body that ends where a request seems to begin',
    [
      `POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: ${`GET /x HTTP/1.1\r\nX: `.length}\r\n\r\n`,
      `GET /x HTTP/1.1\r\nX: ${whole}`,
    ],
    [400],
  ],
  ['in two pieces', [whole.slice(0, 40), whole.slice(40)], [400]],
];
for (const [what, pieces, expected] of inPieces) {
  test(`nor is it answered ${what}: what stands before it could be read in two ways`, async () => {
    assert.deepEqual(await statuses(...pieces), expected);
  });
}

test('what comes behind it has no meaning and no answer', async () => {
  // The answer waits for what comes behind the question: it ends the connection.
  let isAllRead = false;
  const snapshot: typeof twoSessions.snapshot = async (scope) => {
    await until(() => isAllRead, { what: 'all of it has been read' });
    return twoSessions.snapshot(scope);
  };
  const slow = await startCpanelServer(testServices({ sessions: { snapshot } }));
  try {
    for (const port of cpanelPorts) {
      const late = [whole, hidden, whole, `${head(auth)}\r\n\r\n`];
      isAllRead = false;
      const bytes = await slow.exchange(port, ...late, () => {
        isAllRead = true;
      });
      const answers = parseAnswers(bytes, []).map(({ status, body }) => [status, body]);
      assert.deepEqual(answers, [[200, flat(aliceRow, bobRow)]]);
    }
  } finally {
    await slow.close();
  }
});
