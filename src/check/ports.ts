import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { createServer } from 'node:net';
import type { ListenAddress } from '../config/listen-address.ts';
import { about, type Finding } from './finding.ts';

const { ok, mend } = about('port');
const answerMs = 5_000;

/**
 * Whether uapid answers at an address; else, where no server is known to run, whether one could
 * listen there.
 */
export async function checkPort(address: ListenAddress, isServed: boolean): Promise<Finding> {
  const { url, port } = address;
  const answer = await ask(address);
  if (answer === 'uapid') return ok(`${url} answers.`);
  if (isServed)
    return mend(`${url} ${answer}, though a server runs: is it one with another configuration?`);
  const code = await listenProblem(address);
  if (code === null) return ok(`${url} is free.`);
  if (code === 'EADDRINUSE')
    return mend(`${url} ${answer}: another program has it. See which: ss -ltnp 'sport = :${port}'`);
  if (code === 'EACCES') return mend(`${url}: only root may listen below port 1024.`);
  return mend(`${url} cannot be listened on (${code}): is it an address of this host?`);
}

/** "uapid", which is known by what it answers who shows no password, or what happens instead. */
async function ask({ url, host, port }: ListenAddress): Promise<string> {
  const send = url.startsWith('https:') ? requestTls : request;
  const options = {
    host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host,
    port,
    path: '/execute/Ftp/server_name',
    // Whose certificate it is says the finding about that.
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(answerMs),
  };
  return await new Promise((resolve) => {
    const sent = send(options, (response) => {
      response.resume();
      const { statusCode, headers } = response;
      const isOurs = statusCode === 401 && /"uapid"/.test(String(headers['www-authenticate']));
      resolve(isOurs ? 'uapid' : `answers with ${statusCode}, not as uapid does`);
    });
    sent.once('error', (error: NodeJS.ErrnoException) =>
      resolve(`does not answer (${error.code ?? error.message})`),
    );
    sent.end();
  });
}

async function listenProblem({ host, port }: ListenAddress): Promise<string | null> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}
