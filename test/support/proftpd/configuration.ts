import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestUser } from '../users.ts';
import { cryptHash, type VirtualUser } from '../virtual-users.ts';
import type { ProftpdPrograms, ProftpdRelease } from './programs.ts';

export interface ProftpdOptions {
  /** This system's Debian unless given. */
  readonly release?: ProftpdRelease;
  /** "::" listens on IPv6 and by v4-mapped addresses on IPv4; 127.0.0.1 unless given. */
  readonly host?: '127.0.0.1' | '::';
  /** Kilobytes a second of a transfer, so that it lasts; as fast as it goes unless given. */
  readonly throttle?: number;
  /** Users of this daemon alone, each mapped to a system user's uid and home. */
  readonly virtualUsers?: readonly VirtualUser[];
  /** The system user that anonymous clients become. */
  readonly anonymous?: TestUser;
  /** False to give sessions no root directory of their own. */
  readonly chroot?: boolean;
  readonly titles?: 'verbose' | 'terse';
  /** False to keep no records. */
  readonly scoreboard?: boolean;
  /** A path elsewhere than in the daemon's folder. */
  readonly scoreboardFile?: string;
  /** True to offer TLS with a self-signed certificate. */
  readonly tls?: boolean;
  /** True to serve SFTP on `sftpPort`, to those who have the key. */
  readonly sftp?: { readonly port: number; readonly authorizedKey: string };
  /** Further lines of the server's configuration. */
  readonly lines?: readonly string[];
  /** What runs the daemon's command, which is appended. */
  readonly through?: readonly string[];
  /** Another executable than Debian's, e.g. a copy of it. */
  readonly executable?: string;
  /** True for an environment with nothing in it, which leaves hardly room for titles. */
  readonly isBare?: boolean;
}

/** Where a daemon of these options keeps its scoreboard. */
export function scoreboardOf(options: ProftpdOptions, folder: string): string {
  return options.scoreboardFile ?? join(folder, 'scoreboard');
}

/** Writes the configuration of a daemon into its folder and returns its path. */
export function writeConfiguration(
  options: ProftpdOptions,
  port: number,
  programs: ProftpdPrograms,
  folder: string,
  serverType: 'standalone' | 'inetd' = 'standalone',
): string {
  const { virtualUsers = [], tls = false, sftp } = options;
  const modules = [...(tls ? ['mod_tls'] : []), ...(sftp === undefined ? [] : ['mod_sftp'])];
  const passwords = join(folder, 'passwords');
  writeFileSync(passwords, Buffer.concat(virtualUsers.map(passwdLine)), { mode: 0o600 });
  chmodSync(passwords, 0o600);
  const lines = [
    programs.modules(modules),
    `ServerType ${serverType}`,
    'ServerName test',
    'DefaultServer on',
    `DefaultAddress ${options.host ?? '127.0.0.1'}`,
    `Port ${port}`,
    `UseIPv6 ${options.host === '::' ? 'on' : 'off'}`,
    'User nobody',
    'Group nogroup',
    'UseReverseDNS off',
    'AuthOrder mod_auth_file.c mod_auth_unix.c',
    `AuthUserFile ${passwords}`,
    'RequireValidShell off',
    'MaxLoginAttempts 20',
    // Without it clients that only look on are sent away after minutes.
    'TimeoutIdle 7200',
    'TimeoutNoTransfer 7200',
    `PidFile ${join(folder, 'pid')}`,
    `ScoreboardFile ${options.scoreboard === false ? 'none' : scoreboardOf(options, folder)}`,
    `SystemLog ${join(folder, 'log')}`,
    ...(options.lines?.some((line) => line.startsWith('TransferLog ')) ? [] : ['TransferLog none']),
    'WtmpLog off',
    'AllowOverwrite on',
    'AllowStoreRestart on',
    'AllowRetrieveRestart on',
    ...(options.chroot === false ? [] : ['DefaultRoot ~']),
    ...(options.titles === 'terse' ? ['ProcessTitles terse'] : []),
    ...(options.throttle === undefined ? [] : [`TransferRate RETR,STOR ${options.throttle}:0`]),
    ...(options.anonymous === undefined ? [] : anonymousBlock(options.anonymous)),
    ...(tls ? tlsLines(folder) : []),
    ...(options.lines ?? []),
    ...(sftp === undefined ? [] : sftpServer(sftp, folder)),
  ];
  const path = join(folder, 'proftpd.conf');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

function passwdLine({ name, nameBytes, password, owner, home = owner.home }: VirtualUser): Buffer {
  const rest = `:${cryptHash(password)}:${owner.uid}:${owner.gid}::${home}:/bin/sh\n`;
  return Buffer.concat([Buffer.from(nameBytes ?? name), Buffer.from(rest)]);
}

function anonymousBlock(user: TestUser): string[] {
  return [
    `<Anonymous ${user.home}>`,
    `User ${user.name}`,
    `Group ${user.name}`,
    `UserAlias anonymous ${user.name}`,
    `UserAlias ftp ${user.name}`,
    '</Anonymous>',
  ];
}

function tlsLines(folder: string): string[] {
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const subject = ['-subj', '/CN=localhost', '-days', '2'];
  const args = ['req', '-x509', '-nodes', '-newkey', 'rsa:2048', ...subject];
  execFileSync('openssl', [...args, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  chmodSync(key, 0o600);
  return [
    'TLSEngine on',
    `TLSRSACertificateFile ${certificate}`,
    `TLSRSACertificateKeyFile ${key}`,
    'TLSOptions NoSessionReuseRequired',
    'TLSRequired off',
  ];
}

function sftpServer(
  { port, authorizedKey }: { port: number; authorizedKey: string },
  folder: string,
) {
  const key = join(folder, 'host-key');
  execFileSync('ssh-keygen', ['-q', '-m', 'PEM', '-t', 'rsa', '-N', '', '-f', key]);
  return [
    '<VirtualHost 127.0.0.1>',
    `Port ${port}`,
    'SFTPEngine on',
    `SFTPHostKey ${key}`,
    `SFTPAuthorizedUserKeys file:${authorizedKey}`,
    'SFTPAuthMethods publickey',
    'RequireValidShell off',
    ...['DefaultRoot ~'],
    '</VirtualHost>',
  ];
}
