import { readFileSync } from 'node:fs';
import type { Process } from '../../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';

/* A program for terminate.test.ts: asks the process that standard input describes to end. */

const target = JSON.parse(readFileSync(0, 'utf8')) as Process;
process.stdout.write(await createProcfsTable().terminate(target));
