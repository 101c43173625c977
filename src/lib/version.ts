import { readFileSync } from 'node:fs';
import { programFile } from './program-file.ts';

const manifest: unknown = JSON.parse(readFileSync(programFile('../../package.json'), 'utf8'));

/** The version of this program, from its package.json. */
export const version =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
