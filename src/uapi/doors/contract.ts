import { wrap, wrappedSchema } from '../envelope/envelope.ts';
import { pathDoor } from './path-door.ts';

/** The contract's own path, /Module/function. */
export const contractDoor = pathDoor({
  prefix: '',
  schema: wrappedSchema,
  envelope: wrap,
  refusal: 'WrappedRefusal',
  note: 'The result is wrapped in the name of the function.',
});
