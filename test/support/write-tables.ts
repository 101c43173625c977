import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedParts, project, regenerated } from './generated-tables.ts';

/* `npm run docs`: writes the generated parts of the documents anew. */

for (const document of new Set(generatedParts.map((part) => part.document))) {
  const path = join(project, document);
  const parts = generatedParts.filter((part) => part.document === document);
  writeFileSync(path, regenerated(readFileSync(path, 'utf8'), parts));
}
