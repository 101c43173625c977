import type { TcpSocket } from '../../os/processes/process-table.ts';

/**
 * The control connection among the sockets of a session, which is its standard input. One that the
 * client has closed has no line in the kernel's tables any more, and a data connection still may.
 */
export function controlOf(sockets: readonly TcpSocket[] | null): TcpSocket | null {
  return sockets?.find(({ fd, listening }) => fd === 0 && !listening) ?? null;
}
