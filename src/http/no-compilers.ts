import type { FastifyServerOptions } from 'fastify';

/**
 * In place of Fastify's compilers of schemas, which are 600 kB of code that is loaded for nothing:
 * schemas describe the API; what comes in and goes out is checked where its meaning is known.
 */
export const noCompilers = {
  compilersFactory: {
    buildValidator: () => () => (value: unknown) => ({ value }),
    buildSerializer: () => () => JSON.stringify,
  },
  // Fastify's types know its own compilers only.
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;
