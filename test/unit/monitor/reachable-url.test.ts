import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachableUrl } from '../../../src/monitor/reachable-url.ts';

test('the URL that people are told is one that their browser reaches', () => {
  for (const [urls, expected] of [
    [['http://127.0.0.1:2082'], 'http://127.0.0.1:2082'],
    [['http://127.0.0.1:2082', 'https://192.0.2.7:2083'], 'https://192.0.2.7:2083'],
    [['http://localhost:2082', 'https://0.0.0.0:2083'], 'https://web1:2083'],
    [['http://[::1]:2082', 'https://[::]:2083'], 'https://web1:2083'],
    [['https://192.0.2.7:2083', 'http://192.0.2.7:2082'], 'http://192.0.2.7:2082'],
    [['https://127.0.0.1:2083', 'http://127.0.0.1:2082'], 'http://127.0.0.1:2082'],
    [['https://[2001:db8::]:2083'], 'https://[2001:db8::]:2083'],
  ] as const) {
    assert.equal(reachableUrl(urls, 'web1'), expected, urls.join(' '));
  }
});
