import type { AddressInfo } from 'node:net';
import fastifyBasicAuth from '@fastify/basic-auth';
import Fastify from 'fastify';
import { answerParent } from './helper-process.ts';
import type { Account } from './http-connection.ts';

export interface BareServer {
  readonly target: string;
  /** What every answer carries. */
  readonly body: string;
  readonly contentType: string;
  /** Who may ask, checked by @fastify/basic-auth; null for a server that does not look. */
  readonly account: Account | null;
  /** Where Fastify's own request log goes, two lines a request; null for a server without one. */
  readonly logFile: string | null;
}

/*
 * The peer: what Fastify can do at best for an answer of these bytes, a process of its own. Answers
 * with the port that it listens on.
 */
answerParent<BareServer, number>(async ({ target, body, contentType, account, logFile }) => {
  const app = Fastify(logFile === null ? {} : { logger: { file: logFile } });
  if (account !== null) {
    await app.register(fastifyBasicAuth, {
      validate: async (name, password) => {
        if (name !== account.name || password !== account.password) {
          throw new Error('Unauthorized');
        }
      },
    });
    app.addHook('onRequest', app.basicAuth);
  }
  app.get(target, (_request, reply) => reply.type(contentType).send(body));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
});
