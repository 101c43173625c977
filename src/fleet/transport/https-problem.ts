import { type HttpsAddress, OtherCertificateError } from './https-agent.ts';

/** What is this machine's own: no host is to blame for it. */
const ownCodes: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
]);

/** Whether an error may come of this machine's own network. */
export function mayBeOwn(error: unknown): boolean {
  return ownCodes.has(codeOf(error));
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? '';
}

/** OpenSSL's words for a certificate that no authority of ours has made. */
export const unknownAuthority =
  /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?))$/;

/** Why a host was not reached over https, as an administrator can use it. */
export function explainHttps(error: unknown, { url, fingerprint }: HttpsAddress): string {
  const code = codeOf(error);
  if (error instanceof OtherCertificateError) {
    return `${url} shows another certificate than the one that is pinned (${fingerprint}): ${error.message}; if it was renewed, let the host in again with the new --fingerprint`;
  }
  if (unknownAuthority.test(code)) {
    return `the certificate of ${url} is of no authority that is known here: let the host in again with --tls-ca, or with --fingerprint`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${url} is for another name: ask it by a name that is in it, or pin it with --fingerprint`;
  }
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${url} has expired`;
  if (code === 'CERT_NOT_YET_VALID') {
    return `the certificate of ${url} is not valid yet: is the clock of this machine right?`;
  }
  if (code === 'ECONNREFUSED') return `${url} refuses connections: does uapid serve run there?`;
  if (code === 'ENOTFOUND') return `${url}: there is no such name`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return `${url} speaks no TLS that is known here`;
  return `${url} cannot be reached (${code || (error as Error).message})`;
}

/** Why an answer is none of a fleet's host. */
export function explainStatus(status: number, { url }: HttpsAddress): string {
  if (status === 404) {
    return `${url} is no host of a fleet over https: --fleet https and --fleet-host are missing there`;
  }
  if (status === 429) return `${url} was asked by something it does not know too often, and waits`;
  return `${url} answers with ${status}, not as a host of a fleet does`;
}
