import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { ask } from '../channel/ask.ts';
import { makeState, serve } from '../channel/served.ts';

const origin = 'https://panel.example';

async function start(t: TestContext) {
  const { stateDir, password } = makeState(t);
  const file = join(stateDir, 'uapid.json');
  const write = (settings: object | string) =>
    writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings));
  write({});
  const uapid = { ...(await serve(t, { stateDir, args: ['--config', file] })), password };
  const said = (message: string) => uapid.log().filter(({ msg }) => msg === message);
  /** Reads it again; resolves to what the log says of it. */
  const reload = async (message: string) => {
    const before = said(message).length;
    uapid.kill('SIGHUP');
    await until(() => said(message).length > before, { what: message, timeoutMs: 60_000 });
    return said(message).at(-1) ?? {};
  };
  const allowed = async () => {
    const answer = await fetch(`${uapid.url}/execute/Ftp/server_name`, {
      headers: { origin, connection: 'close' },
    });
    await answer.text();
    return answer.headers.get('access-control-allow-origin');
  };
  return { uapid, write, reload, allowed, said };
}

const wasRead = 'the configuration was read again';

test('SIGHUP takes what a running server can, says what waits, and a wrong file changes nothing', {
  skip: needsSandbox(),
}, async (t) => {
  const { uapid, write, reload, allowed, said } = await start(t);
  assert.equal(await allowed(), null);
  const worker = await uapid.httpPid();

  write({ corsOrigins: [origin], auditLog: '/nowhere/audit.log' });
  // Who asks meanwhile is answered, by the one or by the other.
  let [isOver, answered] = [false, 0];
  const asking = (async () => {
    while (!isOver) {
      assert.equal((await ask(uapid, '/execute/Ftp/server_name')).status, 200);
      answered += 1;
    }
  })();
  assert.deepEqual((await reload(wasRead))['settings'], ['corsOrigins']);
  isOver = true;
  await asking;
  assert.ok(answered > 0);
  assert.deepEqual(said('these settings change at the next start').at(-1)?.['settings'], [
    'auditLog',
  ]);
  assert.equal(await allowed(), origin);
  assert.notEqual(await uapid.httpPid(), worker);
  assert.deepEqual(said('the worker ended and is started again'), []);

  write('{ "corsOrigins": 7');
  const wrong = await reload('the configuration is wrong, and stays as it was');
  assert.match(String(wrong['reason']), /uapid\.json/);
  assert.equal(await allowed(), origin);

  write({ corsOrigins: [origin], auditLog: '/nowhere/audit.log' });
  const same = await uapid.httpPid();
  assert.deepEqual((await reload(wasRead))['settings'], []);
  assert.equal(await uapid.httpPid(), same, 'nothing has changed for the worker');
});
