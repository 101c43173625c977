import type { OpenFile, TcpSocket } from '../../os/processes/process-table.ts';

/**
 * The descriptor of a transfer's file, by the order alone in which ProFTPD takes them; `none` where such a
 * file is not open any more, or no client is behind a data connection; `unknown` where it may be one of the
 * daemon's own, as the list of its users.
 */
export type TransferDescriptor = number | 'none' | 'unknown';

/**
 * Finds the file of a transfer where a session is not confined, and its path tells nothing. ProFTPD takes the
 * lowest free descriptors, one after the other: for a passive transfer those of the listener, the file, the
 * connection, and twice the connection again, and then it closes the listener and the first of the three. So
 * the file has a free one on either side, and nothing free below but the first of these. Of an active one the
 * file follows the daemon's own without a gap: that cannot be told from a file of the daemon's.
 * @param controlPort The port on which the client has connected; the data of an active transfer come from one below.
 */
export function transferDescriptor(
  open: readonly OpenFile[],
  data: readonly Pick<TcpSocket, 'fd' | 'localPort'>[],
  controlPort: number | null,
): TransferDescriptor {
  const [first] = [...data].sort((one, other) => one.fd - other.fd);
  if (first === undefined) return 'none';
  const taken = new Set(open.map(({ fd }) => fd));
  let free = 0;
  while (taken.has(free)) free += 1;
  const between = open.filter(({ fd }) => fd > free && fd < first.fd);
  // With one hole among the daemon's own, which the file had, its last one would look like a transfer's.
  const isActive = controlPort === null || first.localPort === controlPort - 1;
  if (between.length === 0 && first.fd >= free + 2) return 'none';
  if (isActive || first.fd !== free + 3) return 'unknown';
  return between.length === 1 && between[0]?.fd === free + 1 ? free + 1 : 'unknown';
}

/** Of a session's sockets those of data connections to its client: not the one that it was started with. */
export function isDataSocket(
  { fd, listening, remoteAddress }: TcpSocket,
  open: readonly OpenFile[],
  peer: string | null,
): boolean {
  const targetOf = (of: number) => open.find((each) => each.fd === of)?.target;
  return !listening && remoteAddress === peer && targetOf(fd) !== targetOf(0);
}
