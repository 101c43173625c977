/** Ends of names that something between a daemon and a row could take amiss. */
const odd: readonly Buffer[] = [
  Buffer.from('.bin'),
  Buffer.from(' with two  spaces .txt'),
  Buffer.from('|a|b|.csv'),
  Buffer.from('"quoted" \'name\'.html'),
  Buffer.from(' (deleted)'),
  Buffer.from('-größe-漢字-😀.jpg'),
  // Bytes that are no UTF-8, and one that looks like the beginning of a longer character.
  Buffer.from([0x2d, 0xff, 0xfe, 0x2d, 0xc3]),
  Buffer.from(' pure-ftpd (IDLE)'),
  Buffer.from(`-${'long'.repeat(40)}`),
];

/** A name that no other transfer of the soak has; its bytes on the disk and on the wire. */
export function uniqueName(session: number, transfer: number): Buffer {
  const end = odd[(session + transfer) % odd.length] ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from(`t${session}-${transfer}`), end]);
}

/** The name as a row shows it. */
export function shownName(bytes: Buffer): string {
  return bytes.toString('utf8');
}
