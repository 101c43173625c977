import assert from 'node:assert/strict';

/** An answer, as it is judged by what its URL asked for. */
export interface Judged {
  readonly url: string;
  readonly method: string;
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const statuses = [200, 302, 400, 401, 403, 404, 405, 408, 413, 414, 429, 431];
const flat = 'data errors messages metadata status warnings';
const wrapped = 'apiversion func module result';

/** Of the administrator's calls in their older form. */
const v0Failure = '(acct )?error metadata status statusmsg';
const v0Data = 'acct status statusmsg|app|hostname|version';

/** What the bodies behind a path may have as their keys, written down apart from the source. */
const doors: readonly [path: RegExp, keys: RegExp][] = [
  [/^\/execute(?=[/?]|$)/, new RegExp(`^${flat}$`)],
  [/^\/json-api\/cpanel(?=[/?]|$)/, new RegExp(`^(${wrapped}|cpanelresult|data error type)$`)],
  [/^\/json-api\/uapi_cpanel(?=[/?]|$)/, /^(data metadata|cpanelresult)$/],
  [/^\/json-api(?=[/?]|$)/, new RegExp(`^(cpanelresult|(data )?metadata|${v0Failure}|${v0Data})$`)],
  [/^\/log(in|out)(?=[/?]|$)/, /^(message status|redirect security_token status|status)$/],
  [/^/, new RegExp(`^${wrapped}$`)],
];

/** What answers people and load balancers: the page, its files and its stream, health. */
const beside = /^\/(?:page\/|(?:events|healthz|readyz)?\/?(?=\?|$))/;

/** Throws unless the answer is in the envelope of the door that its URL leads to. */
export function assertEnvelope({ url, method, status, type, body }: Judged): void {
  assert.ok(statuses.includes(status), `HTTP ${status}: ${body.slice(0, 200)}`);
  const path = url.replace(/^https?:\/\/[^/?]*/i, '').replace(/^\/*/, '/');
  const behind = path
    .replace(/\/{2,}/g, '/')
    .replace(/^\/cpsess\d{10}(?=[/?]|$)/, '')
    .replace(/^(?!\/)/, '/');
  if (/^\/docs(?=[/?]|$)/.test(behind) || status === 302 || method === 'HEAD') return;
  // What is refused there has an envelope all the same.
  if (beside.test(behind) && [200, 503].includes(status) && !type.includes('json')) return;
  if (/^\/xml-api(?=[/?]|$)/.test(behind) && /\bxml\b/.test(type)) {
    assert.match(body, /^<\?xml [^>]+>\s*<(\w+)>.*<\/\1>\s*$/s);
    return;
  }
  assert.match(type, /^application\/json/, body.slice(0, 200));
  const keys = keysOf(body);
  const [, wanted] = doors.find(([door]) => door.test(behind)) ?? [];
  assert.match(keys, wanted ?? /^$/, `${url}: ${body.slice(0, 200)}`);
}

/** Throws unless the body is in any of the envelopes. */
export function assertSomeEnvelope(body: string): void {
  const keys = keysOf(body);
  assert.ok(
    doors.some(([, wanted]) => wanted.test(keys)),
    body.slice(0, 200),
  );
}

function keysOf(body: string): string {
  assert.doesNotMatch(body, /Internal error/);
  return Object.keys(JSON.parse(body)).sort().join(' ');
}
