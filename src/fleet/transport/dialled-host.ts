import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls';

/**
 * The `checkServerIdentity` (node:tls) of a connection over a socket that somebody else has dialled: whether
 * the certificate is the dialled host's, by its name, or by its address where it was dialled by that. Node.js
 * itself knows no address of such a socket, and would take a certificate for "localhost" instead.
 */
export function checkDialledHost(
  this: unknown,
  _named: string,
  certificate: PeerCertificate,
): Error | undefined {
  // Node.js calls it as a method of the connection's options. Were that to end, nothing would be let in.
  const { servername, socket } = (this ?? {}) as ConnectionOptions & {
    readonly socket?: { readonly remoteAddress?: string };
  };
  const host = servername || socket?.remoteAddress;
  if (host === undefined) return new Error('whom it has dialled cannot be told');
  return checkServerIdentity(host, certificate);
}
