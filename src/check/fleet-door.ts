import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ListenAddress } from '../config/listen-address.ts';
import { isHttps } from '../config/listen-address.ts';
import { fleetPath } from '../fleet/transport/https-parts.ts';
import { about, type Finding } from './finding.ts';

const { ok, note, mend } = about('address');
const answerMs = 5_000;

/** Whether gateways are answered at an address of this host, and nobody else. */
export async function checkDoor(address: ListenAddress): Promise<Finding> {
  const { url } = address;
  const outcome = await knock(address);
  if (outcome === 403) return ok(`${url} answers gateways, and refuses who shows no signature.`);
  if (outcome === 404) {
    return mend(`${url} answers no gateway: the server that runs has another configuration.`);
  }
  if (typeof outcome === 'number') {
    return mend(`${url} answers a stranger with ${outcome}: that is no uapid of this fleet.`);
  }
  return note(`${url} does not answer (${outcome}): no server runs with this configuration.`);
}

/** The status that somebody gets who shows nothing, or why there is none. */
function knock(address: ListenAddress): Promise<number | string> {
  const { host, port } = address;
  const send = isHttps(address) ? requestTls : request;
  const options = {
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port,
    method: 'POST',
    path: `${fleetPath}list`,
    // Whose certificate it is says the finding about that.
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(answerMs),
  };
  return new Promise((resolve) => {
    const sent = send(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}
