import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { as, startServer } from '../../support/http.ts';
import { assertSomeEnvelope } from '../envelopes.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';
import { makeQuery, paths, watchedServices } from './requests.ts';

const oddHeaders = [
  'Content-Length: 5',
  'Content-Length: 05',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding:\r\n chunked',
  'Expect: 100-continue',
  'Expect: tea',
  'Upgrade: h2c',
  'Connection: Upgrade, HTTP2-Settings',
  'Connection: keep-alive',
  'Content-Encoding: gzip',
  'Host: y',
  'X: \u0001',
];

const bodies = [
  '',
  'a=b&c',
  '5\r\na=b&c\r\n0\r\n\r\n',
  '5;x="y"\r\na=b&c\r\n0\r\nT: x\r\n\r\n',
  '0\r\n\r\n',
];

function makeBytes(random: Random): Buffer {
  const requests = random.some(3, () => {
    const method = random.pick(['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'TRACE', 'CONNECT']);
    const target = `${random.pick(['', '', 'http://x', '/'])}${random.pick(paths)}?${makeQuery(random)}`;
    const headers = ['Host: x', as('admin'), ...random.some(3, () => random.pick(oddHeaders))];
    const end = random.oneIn(10) ? '\n' : '\r\n';
    const head = [`${method} ${target} HTTP/1.1`, ...headers].join(end);
    return `${head}${end}${end}${random.pick(bodies)}`;
  });
  const bytes = Buffer.from(requests.join(''));
  return random.oneIn(3) ? bytes : mutateBytes(random, bytes);
}

/** So long the server waits for more where an input has swallowed the last request's end. */
const patienceMs = 30;

const last = 'GET /execute/x/y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/**
 * Sends bytes and a last request, and resolves to all that came back. The sender's end is not sent
 * at once: Node drops what is not answered by then.
 */
async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false });
  socket.setTimeout(10_000, () => socket.destroy(new Error('no end within 10 s')));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  let failure: Error | undefined;
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Who sends more than is read of it may be reset.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') failure = error;
  });
  socket.write(Buffer.concat([bytes, Buffer.from(last)]));
  const timer = setTimeout(() => socket.end(), patienceMs);
  await once(socket, 'close');
  clearTimeout(timer);
  if (failure !== undefined) throw failure;
  return Buffer.concat(chunks).toString('latin1');
}

function classify(text: string): void {
  if (text === '') return;
  assert.match(text, /^HTTP\/1\.1 \d{3} /);
  for (const answer of text.split(/(?<=^|[\n}])(?=HTTP\/1\.1 \d{3} )/)) {
    const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    assert.ok(status < 500, answer.slice(0, 300));
    if (body === '' || !/^content-type: application\/json/im.test(head)) continue;
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? body.length);
    // A reset may take the end of an answer with it.
    if (body.length >= length) assertSomeEnvelope(body.slice(0, length));
  }
}

/** Whole connections, by way of a real server and real sockets. */
export const connections: Target = {
  name: 'connections',
  inputs: 5000,
  open: async () => {
    const services = watchedServices();
    const server = await startServer(services);
    return {
      close: () => server.close(),
      next: (random) => {
        const input = makeBytes(random);
        return {
          input,
          check: async () => {
            classify(await exchange(server.port, input));
            services.assertNoFault();
          },
        };
      },
    };
  },
};
