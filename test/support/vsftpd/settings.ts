import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestUser } from '../users.ts';

/** A login that vsftpd alone knows, which runs under the uid of `owner`. */
export interface VsftpdGuest {
  readonly name: string;
  /** The name of its file where that is no UTF-8. */
  readonly nameBytes?: Uint8Array;
  readonly owner: TestUser;
}

export interface VsftpdOptions {
  /** Whether processes say what they do in their titles; off unless given, as it is by default. */
  readonly titles?: boolean;
  /** Guests in place of system users, each of an owner of its own by a file of `user_config_dir`. */
  readonly guests?: readonly VsftpdGuest[];
  /** Anonymous logins alone, which run as that user and begin in that user's home. */
  readonly anonymous?: TestUser;
  /** Sets users free in the host's root directory. */
  readonly chroot?: false;
  /** Listens on an IPv6 socket, which takes IPv4 too. */
  readonly ipv6?: boolean;
  /** A certificate with its key, to offer TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Bytes a second, so that a transfer lasts and is no single sendfile(2). */
  readonly maxRate?: number;
  /** Further settings (vsftpd.conf(5)). */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * The text of vsftpd.conf(5) for these options; what it names is made in `folder`. Who is let in says
 * a service of PAM of the sandbox's own /etc.
 */
export function vsftpdConfiguration(
  options: VsftpdOptions,
  listens: boolean,
  folder: string,
): string {
  const yes = (value: boolean) => (value ? 'YES' : 'NO');
  const empty = join(folder, 'empty');
  mkdirSync(empty, { recursive: true });
  chmodSync(folder, 0o755);
  const isV6 = options.ipv6 === true;
  const settings: Record<string, string> = {
    listen: yes(listens && !isV6),
    listen_ipv6: yes(listens && isV6),
    ...(listens && !isV6 ? { listen_address: '127.0.0.1' } : {}),
    anonymous_enable: yes(options.anonymous !== undefined),
    local_enable: yes(options.anonymous === undefined),
    ...(options.anonymous === undefined ? {} : { ftp_username: options.anonymous.name }),
    write_enable: 'YES',
    chroot_local_user: yes(options.chroot !== false),
    allow_writeable_chroot: 'YES',
    secure_chroot_dir: empty,
    xferlog_enable: 'YES',
    vsftpd_log_file: join(folder, 'vsftpd.log'),
    xferlog_file: join(folder, 'xferlog'),
    connect_from_port_20: 'YES',
    use_localtime: 'YES',
    setproctitle_enable: yes(options.titles === true),
    pam_service_name: pamService(options.guests !== undefined),
    max_per_ip: '0',
    ...lasting,
    ...(options.maxRate === undefined ? {} : { local_max_rate: String(options.maxRate) }),
    ...(options.guests === undefined ? {} : guestSettings(options.guests, folder)),
    ...(options.tls === undefined ? {} : tlsSettings(options.tls)),
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Without it clients that only look on are sent away after five minutes, which a file of tests may take. */
const lasting = { idle_session_timeout: '7200', data_connection_timeout: '7200' };

/** Each guest's file names the system user that the guest runs as. */
function guestSettings(guests: readonly VsftpdGuest[], folder: string): Record<string, string> {
  const users = join(folder, 'users');
  mkdirSync(users);
  for (const { name, nameBytes, owner } of guests) {
    const path = Buffer.concat([Buffer.from(`${users}/`), Buffer.from(nameBytes ?? name)]);
    writeFileSync(path, `guest_username=${owner.name}\nlocal_root=${owner.home}\n`);
  }
  return {
    guest_enable: 'YES',
    guest_username: 'nobody',
    virtual_use_local_privs: 'YES',
    user_config_dir: users,
  };
}

function tlsSettings({ cert, key }: { cert: string; key: string }): Record<string, string> {
  return {
    ssl_enable: 'YES',
    rsa_cert_file: cert,
    rsa_private_key_file: key,
    force_local_logins_ssl: 'NO',
    force_local_data_ssl: 'NO',
    require_ssl_reuse: 'NO',
  };
}

/** Guests are let in with any password: what PAM's modules could ask is not there, nor in question here. */
function pamService(hasGuests: boolean): string {
  const name = hasGuests ? 'uapid-test-vsftpd-guests' : 'uapid-test-vsftpd';
  writePam(name, hasGuests ? 'auth required pam_permit.so' : 'auth required pam_unix.so');
  return name;
}

function writePam(service: string, auth: string): void {
  writeFileSync(`/etc/pam.d/${service}`, `${auth}\naccount required pam_permit.so\n`);
}
