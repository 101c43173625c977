import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Site, siteOf } from '../../../src/http/cross-site.ts';

type Headers = Record<string, string>;

function classify(headers: Headers, isEncrypted = false, method = 'GET'): Site {
  // All that is read of a request.
  const socket = isEncrypted ? { encrypted: true } : {};
  return siteOf({ headers, method, raw: { socket } } as Parameters<typeof siteOf>[0]);
}

const host = 'panel.example:2083';
const ours: [what: string, headers: Headers, isEncrypted?: boolean][] = [
  ['a program, which sends neither', { host }],
  ['a program without even a host', {}],
  ['our own page', { host, 'sec-fetch-site': 'same-origin' }],
  ['what somebody typed in', { host, 'sec-fetch-site': 'none' }],
  [
    'our own page, which posts',
    { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
  ],
  [
    'our own page behind a proxy that sends another Host',
    { host: '127.0.0.1:2082', origin: 'https://panel.example', 'sec-fetch-site': 'same-origin' },
  ],
  ['our own page by TLS', { host, origin: `https://${host}` }, true],
  [
    'our own page behind a proxy that speaks TLS',
    { host: 'panel.example', origin: 'https://panel.example' },
  ],
  ['a host in capital letters', { host: 'Panel.Example:2083', origin: `http://${host}` }],
  ['the scheme’s own port', { host: 'panel.example:443', origin: 'https://panel.example' }, true],
  [
    'a browser that shows a token',
    { host, 'user-agent': 'Mozilla/5.0', authorization: 'cpanel a:b' },
  ],
  [
    'a program that shows a password',
    { host, 'user-agent': 'curl/8', authorization: 'Basic YTpi' },
  ],
  [
    'our own page where the browser shows a password',
    {
      host,
      'user-agent': 'Mozilla/5.0',
      authorization: 'Basic YTpi',
      'sec-fetch-site': 'same-origin',
    },
  ],
  ['an IPv6 address', { host: '[::1]:2082', origin: 'http://[::1]:2082' }],
];
for (const [what, headers, isEncrypted] of ours) {
  test(`${what} is no other site, by GET and POST`, () => {
    for (const method of ['GET', 'POST'])
      assert.equal(classify(headers, isEncrypted, method), 'own');
  });
}

const theirs: [what: string, headers: Headers, isEncrypted?: boolean][] = [
  ['a page of another site', { host, 'sec-fetch-site': 'cross-site' }],
  ['a page of a sister site', { host, 'sec-fetch-site': 'same-site' }],
  ['a site that is not known yet', { host, 'sec-fetch-site': 'whatever' }],
  ['an empty site', { host, 'sec-fetch-site': '' }],
  ['two sites at once', { host, 'sec-fetch-site': 'same-origin, cross-site' }],
  ['another origin', { host, origin: 'https://evil.example' }],
  ['another port', { host, origin: 'http://panel.example:8080' }],
  ['the port of another scheme', { host: 'panel.example:443', origin: 'http://panel.example' }],
  ['plain HTTP to our TLS', { host, origin: `http://${host}` }, true],
  ['an origin that is kept secret', { host, origin: 'null' }],
  ['an empty origin', { host, origin: '' }],
  ['a file', { host, origin: 'file://' }],
  ['an extension', { host, origin: `chrome-extension://${host}` }],
  ['ours as the user of another', { host, origin: `http://${host}@evil.example` }],
  ['ours as the path of another', { host, origin: `http://evil.example/${host}` }],
  ['ours as the beginning of another', { host, origin: `http://${host}.evil.example` }],
  ['two origins', { host, origin: `http://${host}, http://evil.example` }],
  ['an origin where no host is named', { origin: 'http://' }],
  [
    'another origin that a proxy is said to stand for',
    {
      host,
      origin: 'https://evil.example',
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
    },
  ],
];
for (const [what, headers, isEncrypted] of theirs) {
  test(`${what} is another site, by GET and POST`, () => {
    for (const method of ['GET', 'POST'])
      assert.equal(classify(headers, isEncrypted, method), 'other');
  });
}

const browser = { host, 'user-agent': 'Mozilla/5.0 (X11)', authorization: 'Basic YTpi' };

test('a picture on a page, with the password that the browser remembers, may be of another site', () => {
  for (const isEncrypted of [false, true]) {
    for (const method of ['GET', 'HEAD']) {
      for (const authorization of ['Basic YTpi', 'basic  YTpi', ' BASIC YTpi']) {
        assert.equal(classify({ ...browser, authorization }, isEncrypted, method), 'unclear');
      }
    }
  }
});

test('a program that calls itself a browser and shows a password is no other site by POST', () => {
  for (const isEncrypted of [false, true]) {
    assert.equal(classify(browser, isEncrypted, 'POST'), 'own');
  }
});
