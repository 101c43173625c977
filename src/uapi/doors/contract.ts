import { wrap, wrappedRefusal, wrappedSchema } from '../envelope/envelope.ts';
import { pathDoor } from './path-door.ts';

/** The contract's own path, /Module/function. */
export const contractDoor = pathDoor({
  prefix: '',
  forms: [['`/Ftp/list_sessions` (the contract’s path)', '`{apiversion, func, module, result}`']],
  schema: wrappedSchema,
  envelope: wrap,
  refused: wrappedRefusal,
  form: 'wrapped',
  note: 'The result is wrapped in the name of the function.',
});
