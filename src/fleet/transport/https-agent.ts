import { Agent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { minVersion } from '../../tls/key-pair.ts';

/** Where a host is asked, and by what its certificate is known. */
export interface HttpsAddress {
  /** https://HOST:PORT. */
  readonly url: string;
  /** PEM of the authority; null for those that Node.js trusts. */
  readonly ca: string | null;
  /** SHA-256 of the certificate itself, AB:CD:…; nothing else of it matters then. */
  readonly fingerprint: string | null;
}

/** A certificate that is another than the one that is pinned. */
export class OtherCertificateError extends Error {
  override readonly name = 'OtherCertificateError';
}

export interface AgentLimits {
  readonly keepAlive: boolean;
  readonly maxSockets: number;
}

const connectTimeoutMs = 10_000;
/** Shorter than a uapid keeps a connection that nobody uses. */
const idleMs = 60_000;

/** The host of a URL without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/**
 * Connections to one host, bounded in number. None is used before its certificate has been checked:
 * against the authority and the name, or against the one fingerprint that is pinned.
 */
export function createHostAgent(
  { url, ca, fingerprint }: HttpsAddress,
  { keepAlive, maxSockets }: AgentLimits,
): Agent {
  const agent = new Agent({
    keepAlive,
    maxSockets,
    maxFreeSockets: maxSockets,
    timeout: idleMs,
    scheduling: 'lifo',
  });
  const host = hostOf(url);
  const options = {
    host,
    port: Number(new URL(url).port || 443),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === null ? {} : { ca }),
    minVersion,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: fingerprint === null,
  } as const;
  type Callback = (error: Error | null, socket?: Duplex) => void;
  const createConnection = (_options: unknown, callback: Callback): undefined => {
    const socket: TLSSocket = connect(options);
    const timer = setTimeout(() => socket.destroy(new Error('timed out')), connectTimeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      callback(error);
    };
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      const shown = socket.getPeerCertificate().fingerprint256;
      if (fingerprint === null || shown === fingerprint) {
        callback(null, socket);
        return;
      }
      socket.on('error', () => {});
      socket.destroy();
      callback(new OtherCertificateError(`its certificate is ${shown}`));
    });
  };
  return Object.assign(agent, { createConnection });
}
