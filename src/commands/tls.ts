import { hostname } from 'node:os';
import {
  certificateFacts,
  certificateHost,
  createSelfSigned,
  defaultDays,
} from '../tls/self-signed.ts';
import { writeStateKeyPair } from '../tls/state-files.ts';
import type { Register } from './command.ts';
import { printNote } from './output.ts';
import { type StateOptions, stateOptions } from './state-options.ts';
import { UsageError } from './usage-error.ts';

const maxDays = 3650;

interface SelfSignedOptions extends StateOptions {
  readonly host?: readonly string[];
  readonly days: string;
  readonly force?: boolean;
}

/** Adds `tls self-signed` to the program. */
export const register: Register = (program, { stateDir }) => {
  const group = program.command('tls').description('the certificate of https addresses');
  const selfSigned = group
    .command('self-signed')
    .description('make a key and a certificate that is signed with it, for serve to use')
    .option(
      '--host <names...>',
      'names and IP addresses that clients use (default: this host’s name, localhost, 127.0.0.1, ::1)',
    )
    .option('--days <number>', 'how long it will be valid', String(defaultDays))
    .option('--force', 'replace the present one; a running server takes the new one over');
  for (const option of stateOptions()) selfSigned.addOption(option);
  selfSigned.action((options: SelfSignedOptions) => makeSelfSigned(stateDir(options), options));
};

async function makeSelfSigned(stateDir: string, options: SelfSignedOptions): Promise<void> {
  const named = options.host === undefined ? ownHosts() : options.host.map(requireHost);
  const hosts = [...new Set(named)];
  const days = /^\d{1,4}$/.test(options.days) ? Number(options.days) : 0;
  if (days < 1 || days > maxDays) {
    throw new UsageError(`--days takes a whole number from 1 to ${maxDays}`);
  }
  const pair = await createSelfSigned(hosts, days);
  const paths = await writeStateKeyPair(stateDir, pair, { replace: options.force === true });
  const { fingerprint, validTo } = certificateFacts(pair);
  process.stdout.write(
    [
      `certificate: ${paths.cert}`,
      `key: ${paths.key}`,
      `SHA-256 fingerprint: ${fingerprint}`,
      '',
    ].join('\n'),
  );
  printNote(`the certificate is for ${hosts.join(', ')} and valid until ${validTo}`);
}

/** The names under which clients on this host and beside it reach it. */
function ownHosts(): string[] {
  // A host may have a name that no certificate can carry.
  const name = certificateHost(hostname());
  return [...(name === null ? [] : [name]), 'localhost', '127.0.0.1', '::1'];
}

function requireHost(text: string): string {
  const host = certificateHost(text);
  if (host !== null) return host;
  throw new UsageError(`--host: ${JSON.stringify(text)} is neither a host name nor an IP address`);
}
