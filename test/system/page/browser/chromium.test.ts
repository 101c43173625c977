import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { isSandbox } from '../../../support/sandbox.ts';
import { needsBrowser } from './chromium.ts';

const { PATH, CI } = process.env;

afterEach(() => {
  restore('PATH', PATH);
  restore('CI', CI);
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

test('without Chromium its tests say what to install, and under CI they fail', {
  skip: !isSandbox(),
}, () => {
  process.env['PATH'] = '/nowhere';
  delete process.env['CI'];
  assert.match(String(needsBrowser()), /install the package chromium/);
  process.env['CI'] = 'true';
  assert.throws(() => needsBrowser(), /CI=true forbids to skip.*chromium/);
});
