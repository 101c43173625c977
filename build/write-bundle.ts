import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

/* The last step of `npm run build`. */
await bundle(fileURLToPath(new URL('../..', import.meta.url)));
