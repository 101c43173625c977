import type { FastifyReply, FastifyRequest } from 'fastify';
import { readArguments } from '../call/read-arguments.ts';
import { accessDenied } from './access-denied.ts';
import { callMethods, type Door } from './door.ts';
import { type Generation, generationOf, whmFailure } from './whm-envelope.ts';
import { xmlDocument } from './xml.ts';

const type = 'text/xml; charset=utf-8';

/** /xml-api/NAME, for which clients read XML. None is served, and that is said in XML. */
export const xmlApiDoor: Door = {
  prefix: '/xml-api',
  forms: [['`/xml-api/…`', 'XML that says that none is served']],
  methods: () => callMethods,
  addRoutes: (app) => {
    for (const url of ['/xml-api', '/xml-api/*']) {
      app.route({
        method: ['GET', 'POST'],
        url,
        schema: { hide: true },
        onRequest: app.authenticate,
        handler: (request: FastifyRequest, reply: FastifyReply) => {
          const command = commandIn(request.url);
          const text = `XML is not served here: ask /json-api/${command} for JSON.`;
          return reply
            .type(type)
            .send(failure(command, generationOf(readArguments(request)), text));
        },
      });
    }
  },
  refuse: (url, httpStatus, { errors }) => {
    if (httpStatus === 401) {
      const { cpanelresult } = accessDenied.body;
      return { ...accessDenied, type, body: xmlDocument('cpanelresult', cpanelresult) };
    }
    const generation = generationOf(new URL(url, 'http://localhost').searchParams);
    return {
      httpStatus,
      type,
      body: failure(commandIn(url), generation, errors?.join('\n') ?? ''),
    };
  },
};

/** In the form of /xml-api/cpanel, or that of the administrator's other calls. */
function failure(command: string, generation: Generation, text: string): string {
  if (command !== 'cpanel') return xmlDocument('result', whmFailure(generation, command, text));
  const data = { reason: text, result: 0 };
  return xmlDocument('cpanelresult', { apiversion: 2, error: text, data, type: 'text' });
}

function commandIn(url: string): string {
  return /^\/xml-api\/(\w{1,128})/.exec(url)?.[1] ?? '';
}
