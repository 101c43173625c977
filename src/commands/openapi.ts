import { openapiDocument } from '../worker/openapi-document.ts';
import type { Register } from './command.ts';
import { printJson } from './output.ts';

/** `openapi` */
export const register: Register = (program) => {
  program
    .command('openapi')
    .description('print the OpenAPI document')
    .action(async () => printJson(await openapiDocument()));
};
