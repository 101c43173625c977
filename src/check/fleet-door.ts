import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ListenAddress } from '../config/listen-address.ts';
import { isHttps } from '../config/listen-address.ts';
import { parseAnswerPart } from '../fleet/messages/answer.ts';
import { fleetPath, partsHeader, passHeader } from '../fleet/transport/https-parts.ts';
import { about, type Finding } from './finding.ts';

const { ok, note, mend } = about('address');
const answerMs = 5_000;

/**
 * Whether that gateway is answered at an address of this host, and nobody in its name: shows a signature that is
 * nobody's, which is refused before anything is read.
 */
export async function checkDoor(address: ListenAddress, gateway: string): Promise<Finding> {
  const { url } = address;
  const outcome = await knock(address, gateway);
  if (typeof outcome === 'string') {
    return note(`${url} does not answer (${outcome}): no server runs with this configuration.`);
  }
  const { status, refusal } = outcome;
  if (status === 403 && refusal === 'signature') {
    return ok(`${url} answers the gateway ${gateway}, and refuses what it has not signed.`);
  }
  if (status === 403 && refusal === 'gateway-unknown') {
    return mend(
      `${url} does not know the gateway ${gateway}: the server that runs has another configuration.`,
    );
  }
  if (status === 404) {
    return mend(`${url} answers no gateway: the server that runs has another configuration.`);
  }
  if (status === 429) {
    return note(`${url} has refused this machine too often and waits: try again in ten minutes.`);
  }
  return mend(`${url} answers a stranger with ${status}: that is no uapid of this fleet.`);
}

interface Knocked {
  readonly status: number;
  /** The host's own reason; null where it has sent none. */
  readonly refusal: string | null;
}

/** A refusal in its part, and more. */
const maxBytes = 4_096;

/** What somebody gets who shows such a signature, or why there is no answer. */
function knock(address: ListenAddress, gateway: string): Promise<Knocked | string> {
  const { host, port } = address;
  const send = isHttps(address) ? requestTls : request;
  const random = (bytes: number) => randomBytes(bytes).toString('base64url');
  const options = {
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port,
    method: 'POST',
    path: `${fleetPath}list`,
    headers: { [passHeader]: `${gateway} ${random(64)} ${random(32)}` },
    // Whose certificate it is says the finding about that.
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(answerMs),
  };
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    const sent = send(options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('error', fail).on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) response.destroy();
        else chunks.push(chunk);
      });
      response.once('close', () => {
        const { statusCode: status = 0, headers } = response;
        const isFleet = headers[partsHeader] === '1';
        resolve({ status, refusal: isFleet ? refusalOf(Buffer.concat(chunks)) : null });
      });
    });
    sent.once('error', fail);
    sent.end();
  });
}

/** Of an answer in one part, which stands behind its length. */
function refusalOf(body: Buffer): string | null {
  const part = parseAnswerPart(body.subarray(4));
  return part !== null && 'refused' in part ? part.refused : null;
}
