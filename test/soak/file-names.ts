import type { DaemonName } from '../support/host-daemons.ts';

/** Ends of names that something between a daemon and a row could take amiss. */
const odd: readonly Buffer[] = [
  Buffer.from('.bin'),
  Buffer.from(' with two  spaces .txt'),
  Buffer.from('|a|b|.csv'),
  Buffer.from('"quoted" \'name\'.html'),
  Buffer.from(' (deleted)'),
  Buffer.from('-größe-漢字-😀.jpg'),
  // Bytes that are no UTF-8, and one that looks like the beginning of a longer character. 0xff is
  // Telnet's own (RFC 854), which ProFTPD takes for that.
  Buffer.from([0x2d, 0xfe, 0x80, 0x2d, 0xc3]),
  Buffer.from(' pure-ftpd (IDLE)'),
  Buffer.from(`-${'long'.repeat(40)}`),
];

/** A name that no other transfer of the soak has; its bytes on the disk and on the wire. */
export function uniqueName(
  session: number,
  transfer: number,
  daemon: DaemonName = 'pure-ftpd',
): Buffer {
  const end = endsOf(daemon)[(session + transfer) % odd.length] ?? Buffer.from('.txt');
  return Buffer.concat([Buffer.from(`t${session}-${transfer}`), end]);
}

/** Of vsftpd the kernel alone tells the file, with this very mark behind one that was removed. */
function endsOf(daemon: DaemonName): readonly Buffer[] {
  return daemon === 'vsftpd' ? odd.filter((end) => !end.equals(Buffer.from(' (deleted)'))) : odd;
}

/** The name as a row shows it: of vsftpd by the file itself, from the session's root directory on. */
export function shownName(bytes: Buffer, daemon: DaemonName = 'pure-ftpd'): string {
  return `${daemon === 'vsftpd' ? '/' : ''}${bytes.toString('utf8')}`;
}
