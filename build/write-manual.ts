import { createProgram } from '../src/commands/program.ts';
import { version } from '../src/lib/version.ts';
import { manualPage } from './manual.ts';

/* `write-manual.js SECONDS`: prints the manual page uapid(1) with the date that is so long after 1970. */

const [, , seconds] = process.argv;
const never = () => {
  throw new Error('no command is carried out');
};
const settings = {
  config: never,
  scanSettings: never,
  stateDir: never,
  auditLog: never,
  fleetPlace: never,
  fleetGateway: never,
};
const date = new Date(Number(seconds) * 1000);
process.stdout.write(manualPage(await createProgram(settings), { version, date }));
