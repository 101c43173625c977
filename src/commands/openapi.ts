import type { Register } from './command.ts';
import { printJson } from './output.ts';

/** `openapi` */
export const register: Register = (program) => {
  program
    .command('openapi')
    .description('print the OpenAPI document')
    .action(async () => {
      // A whole server, which the help needs not.
      const { openapiDocument } = await import('../worker/openapi-document.ts');
      printJson(await openapiDocument());
    });
};
