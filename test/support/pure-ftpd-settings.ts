import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PureFtpdPrograms } from './daemons.ts';
import type { PureFtpdOptions } from './pure-ftpd.ts';
import { writePureDb } from './virtual-users.ts';

/** One setting of pure-ftpd, as arguments (pure-ftpd(8)) and as a line of its configuration file. */
export interface Setting {
  readonly args: readonly string[];
  readonly line: string;
}

/** The settings for these options; databases and certificates are made in `folder`. */
export function settingsFor(
  options: PureFtpdOptions,
  listen: { readonly host: string; readonly port: number },
  programs: PureFtpdPrograms,
  folder: string,
): Setting[] {
  const settings = [
    setting(['-S', `${listen.host},${listen.port}`], `Bind ${listen.host},${listen.port}`),
    setting(['-E'], 'NoAnonymous yes'),
    setting(['-u', '100'], 'MinUID 100'),
    setting(['-H'], 'DontResolve yes'),
    // Minutes; without it clients that only look on are sent away after fifteen.
    setting(['-I', '120'], 'MaxIdleTime 120'),
    setting(['-C', '1000'], 'MaxClientsPerIP 1000'),
    setting(['-c', '1000'], 'MaxClientsNumber 1000'),
  ];
  if (options.chroot !== false) settings.push(setting(['-A'], 'ChrootEveryone yes'));
  if (options.altLog !== undefined) {
    settings.push(setting(['-O', options.altLog], `AltLog ${options.altLog}`));
  }
  if (options.virtualUsers !== undefined) {
    const database = writePureDb(programs, folder, options.virtualUsers);
    settings.push(setting(['-l', `puredb:${database}`], `PureDB ${database}`));
  }
  if (options.unixUsers !== false) {
    settings.push(setting(['-l', 'unix'], 'UnixAuthentication yes'));
  }
  if (options.throttle !== undefined) {
    // Downloads alone: the end of a throttled upload takes pure-ftpd 1.0.50 five seconds.
    const rate = `:${options.throttle}`;
    settings.push(setting(['-T', rate], `UserBandwidth ${rate}`));
  }
  if (options.tls === true) {
    const file = selfSignedCertificate(folder);
    settings.push(setting(['-Y', '1'], 'TLS 1'), setting(['-2', file], `CertFile ${file}`));
  }
  return settings;
}

function setting(args: readonly string[], line: string): Setting {
  return { args, line };
}

/** One PEM file with key and certificate, as pure-ftpd wants it. */
function selfSignedCertificate(folder: string): string {
  const file = join(folder, 'certificate.pem');
  const kind = ['-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-subj', '/CN=localhost', '-days', '2'];
  const args = ['req', ...kind, ...subject, '-keyout', file, '-out', `${file}.crt`];
  execFileSync('openssl', args, { stdio: 'ignore' });
  appendFileSync(file, readFileSync(`${file}.crt`));
  return file;
}
