import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { RE2Set } from 're2js';
import { addAccount } from '../../support/add-account.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { shared } from '../../support/shared.ts';
import { ask } from '../channel/ask.ts';
import { makeState, type ServedUapid, serve } from '../channel/served.ts';

const skip = needsSandbox();
const path = '/execute/Ftp/list_sessions';

const server = shared(start);

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A server with the administrator and an account that means no good. */
async function start(t: Cleanup) {
  const { stateDir, password } = makeState(t);
  addAccount(stateDir, 'mallory', 'mallory’s', { role: 'admin' });
  const uapid = { ...(await serve(t, { stateDir })), password };
  return { uapid, mallory: basic('mallory', 'mallory’s') };
}

async function post(
  uapid: ServedUapid,
  authorization: string,
  body: string,
): Promise<{ status: number; body: string }> {
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  const request = http.request(`${uapid.url}${path}`, { method: 'POST', agent: false, headers });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

const filters = (expressionOf: (index: number) => string) =>
  Array.from({ length: 64 }, (_, index) =>
    new URLSearchParams({
      [`api.filter_column_${index}`]: 'user',
      [`api.filter_type_${index}`]: 'matches',
      [`api.filter_term_${index}`]: expressionOf(index),
    }).toString(),
  ).join('&');

/**
 * Milliseconds that the main thread of a process has had of the processor, and has waited for one
 * (Documentation/scheduler/sched-stats.rst).
 */
function schedulingOf(pid: number): { readonly ranMs: number; readonly waitedMs: number } {
  const text = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8');
  const [ranMs = 0, waitedMs = 0] = text.split(' ').map((each) => Number(each) / 1e6);
  return { ranMs, waitedMs };
}

const processorMs = (pid: number) => schedulingOf(pid).ranMs;

/** What the largest expression that is let pass takes to compile at this moment, in milliseconds. */
function referenceMs(): number {
  const each = Array.from({ length: 5 }, () => {
    const begun = processorMs(process.pid);
    const set = new RE2Set();
    set.add('[\\p{L}\\p{N}._-]{1,255}'.repeat(2));
    set.compile();
    return processorMs(process.pid) - begun;
  });
  return Math.max(...each);
}

/**
 * Asks as an honest caller does, for as long as something is answered, and gives how much of the
 * processor the worker had between one answer and the next at most: not how long it took, which
 * other programs of the machine have a part in. While this process waits for a processor itself, an
 * answer is there and the worker goes on: as much as that is none of what the answer took.
 */
async function longestBetweenAnswers(uapid: ServedUapid, meanwhile: Promise<unknown>) {
  const httpPid = await uapid.httpPid();
  let isOver = false;
  void meanwhile.finally(() => {
    isOver = true;
  });
  let [longest, answers] = [0, 0];
  const worked = () => processorMs(httpPid) - schedulingOf(process.pid).waitedMs;
  let before = worked();
  do {
    assert.equal((await ask(uapid)).status, 200);
    answers += 1;
    const now = worked();
    longest = Math.max(longest, now - before);
    before = now;
  } while (!isOver);
  return { longest, answers };
}

const attacks: [what: string, body: string, answer: RegExp][] = [
  [
    '64 expressions of 190 classes of Unicode',
    filters((index) => `${'\\p{L}'.repeat(190)}a{9${10 + index}}`),
    /api\.filter_term_0 is too large/,
  ],
  [
    '64 expressions of 255 branches that are classes',
    filters((index) => `${'\\pL|'.repeat(240)}${'x'.repeat(index)}`),
    /api\.filter_term_0 is too large/,
  ],
  [
    '64 expressions just below what one may cost',
    filters((index) => `${'\\pL'.repeat(20)}x{${100 + index}}`),
    /"status":1/,
  ],
  [
    '64 expressions that fold as many characters as one may',
    filters((index) => `(?i)[b-\\x{1e943}]x{${100 + index}}`),
    /"status":1/,
  ],
];

for (const [what, body, expected] of attacks) {
  test(`others are answered while an account sends ${what}`, { skip }, async (t) => {
    const { uapid, mallory } = await server();
    // Each has logged in before, and what runs for the first time has run.
    await post(
      uapid,
      mallory,
      filters((index) => `${index}`),
    );
    for (let time = 0; time < 20; time += 1) await ask(uapid);
    const sent = Promise.all([1, 2, 3].map(() => post(uapid, mallory, body)));
    const { longest, answers } = await longestBetweenAnswers(uapid, sent);
    const reference = referenceMs();
    t.diagnostic(`${longest.toFixed(1)} ms, ${(longest / reference).toFixed(1)} expressions`);
    for (const answer of await sent) assert.match(answer.body, expected);
    assert.ok(answers >= 1);
    assert.ok(longest < 10 * reference, `${longest} ms, an expression takes ${reference} ms`);
  });
}

test('three costly calls at once end neither the worker nor a login', { skip }, async () => {
  const { uapid, mallory } = await server();
  const { cookie, prefix } = await logIn(uapid);
  const httpPid = await uapid.httpPid();
  for (const [, body] of attacks) {
    await Promise.all([1, 2, 3].map(() => post(uapid, mallory, body)));
  }
  assert.equal(await uapid.httpPid(), httpPid);
  const response = await fetch(`${uapid.url}${prefix}${path}`, { headers: { cookie } });
  assert.equal(response.status, 200);
  assert.deepEqual(
    uapid.log().filter(({ msg }) => /worker/.test(String(msg))),
    [],
  );
});

async function logIn(uapid: ServedUapid): Promise<{ cookie: string; prefix: string }> {
  const response = await fetch(`${uapid.url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ user: uapid.user, pass: uapid.password, login_only: '1' }),
  });
  const { security_token: prefix } = (await response.json()) as { security_token: string };
  return { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '', prefix };
}
