import * as z from 'zod';
import { resultSchema } from '../envelope/envelope.ts';
import { pathDoor } from './path-door.ts';

/**
 * /execute/Module/function, the form that most clients use. The published contract writes the
 * wrapped envelope for it too; every client that talks to it reads the flat one.
 */
export const executeDoor = pathDoor({
  prefix: '/execute',
  forms: [['`/execute/Ftp/list_sessions`', 'the result alone']],
  schema: resultSchema,
  envelope: (_name, result) => result,
  refused: resultSchema(z.null()).meta({ id: 'Refusal' }),
  form: '',
  note: 'The result stands by itself. Also behind /cpsess##########, with a login cookie.',
});
