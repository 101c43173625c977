import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SessionLine } from '../../../src/session-log/log-line.ts';
import { plainEnv, program } from '../../support/cli-run.ts';
import { logText, pastSession } from '../../support/history-lines.ts';
import { until } from '../../support/until.ts';

const script = fileURLToPath(
  new URL('../../../../packaging/session-log/to-syslog', import.meta.url),
);

/** A session that has ended just now. */
function endedNow(pid: number): SessionLine {
  const now = new Date().toISOString();
  return pastSession(pid, '01:00:00', { connected_at: now, ended_at: now });
}

test('the example of shipping hands each session on as it ends, through logger(1)', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'shipping-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [path, uapid] = [join(folder, 'sessions.log'), join(folder, 'uapid')];
  writeFileSync(path, logText(pastSession(1, '01:00:00'), endedNow(2)));
  writeFileSync(uapid, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  // The receiver of a central log.
  const received: string[] = [];
  const socket = createSocket('udp4').on('message', (bytes) => received.push(bytes.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const { port } = socket.address() as AddressInfo;
  const to = ['--udp', '--server', '127.0.0.1', '--port', String(port)];
  const child = spawn(script, to, {
    env: plainEnv({ UAPID: uapid, UAPID_SESSION_LOG: path, UAPID_STATE_DIR: folder }),
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  t.after(() => process.kill(-(child.pid ?? 0), 'SIGKILL'));
  const pids = () => received.map((text) => JSON.parse(text.slice(text.indexOf('{'))).pid);
  await until(() => pids().length === 1, { what: 'what ended just before is caught up' });
  appendFileSync(path, logText(endedNow(3)));
  await until(() => pids().length === 2, { what: 'a session that ends is handed on' });
  assert.deepEqual(pids(), [2, 3]);
  assert.match(received[0] ?? '', / uapid-session/);
});
