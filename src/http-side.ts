import { Socket } from 'node:net';
import closeWithGrace from 'close-with-grace';
import { type Logger, pino } from 'pino';
import { buildApp } from './app.ts';
import { createAudit } from './audit/audit.ts';
import { createAccountDirectory } from './auth/account-store.ts';
import { createCredentialCache } from './auth/credential-cache.ts';
import { createLoginSessions } from './auth/login-sessions.ts';
import { createRoleFlags } from './auth/role-store.ts';
import { createSystemUsers } from './auth/system-users.ts';
import { createThrottle } from './auth/throttle.ts';
import { createTokenDirectory } from './auth/token-store.ts';
import { connectPrivilegedSide, type PrivilegedClient } from './boundary/client.ts';
import { channelFd } from './boundary/http-process.ts';
import type { ping } from './boundary/messages.ts';
import { createMirror } from './boundary/mirror.ts';
import { become } from './boundary/run-as.ts';
import type { Start, State } from './boundary/start.ts';
import { listen } from './listeners.ts';
import type { KeyPair, KeyPairSource } from './tls/key-pair.ts';

/*
 * The HTTP side's process: it listens, parses and authenticates, and sees sessions only through the
 * privileged side. All of its code and files are read while it may still do so; then it gives up its
 * rights, and only then does it open a socket.
 */

const stopTimeoutMs = 10_000;
const channel = new Socket({ fd: channelFd, readable: true, writable: true });
const client = connectPrivilegedSide(channel, (value) => {
  if (isPing(value)) client.tell({ event: 'alive' });
  else void begin(value as Start);
});
channel.once('close', () => {
  process.stderr.write('uapid: the privileged side is gone, so the HTTP side ends\n');
  process.exit(1);
});

function isPing(value: unknown): value is typeof ping {
  return typeof value === 'object' && value !== null && 'ping' in value;
}

async function begin(start: Start): Promise<void> {
  try {
    const logger = pino({ level: start.logLevel }, pino.destination({ fd: 2, sync: false }));
    const app = await createApp(start, logger);
    if (start.runAs !== null) become(start.runAs);
    process.title = 'uapid: http';
    const listeners = await listen(app, start.listen, mirrorKeyPair(start, client));
    closeWithGrace({ delay: stopTimeoutMs, logger }, async ({ err }) => {
      if (err) logger.fatal({ err }, 'the HTTP side ends after an error that nothing caught');
      await listeners.close();
      await app.close();
      logger.flush();
    });
    client.tell({ event: 'listening', urls: [...listeners.urls] });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    client.tell({ event: 'failed', message: message.slice(0, 2000) });
    channel.end(() => process.exit(1));
  }
}

function createApp(start: Start, logger: Logger) {
  const state = createMirror<State>((known) => client.since('state', known), start.state);
  return buildApp({
    sessions: client.sessions,
    systemUsers: createSystemUsers(),
    refresh: state.refresh,
    accounts: createAccountDirectory(() => state.current().accounts),
    tokens: createTokenDirectory(() => state.current().tokens),
    roles: createRoleFlags(() => state.current().roles),
    logins: createLoginSessions(),
    throttle: createThrottle(),
    remembered: createCredentialCache(),
    // The privileged side keeps the log, where this one cannot change what is written.
    audit: createAudit((line) => client.tell({ event: 'audit', line })),
    trustedProxies: start.trustedProxies,
    logger,
  });
}

/** A connection that begins asks for a renewed pair, which the next one gets. */
function mirrorKeyPair({ keyPair }: Start, { since }: PrivilegedClient): KeyPairSource | null {
  if (keyPair === null) return null;
  const mirror = createMirror<KeyPair>((known) => since('key-pair', known), keyPair);
  return {
    current: () => {
      // Fails only with the channel, and then this process ends.
      mirror.refresh().catch(() => {});
      return mirror.current();
    },
  };
}
