import { formatAddress } from '../../../lib/address-bytes.ts';

/** A line of /proc/PID/net/tcp or tcp6. */
export interface TcpEntry {
  readonly inode: string;
  readonly listening: boolean;
  /** True once this side has said that nothing more comes, and not all of it is confirmed. */
  readonly closing: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes written that the peer has not confirmed; of a listener something else. */
  readonly unsentBytes: number;
}

/** The states of include/net/tcp_states.h. */
const listenState = '0A';
/** FIN_WAIT1, LAST_ACK and CLOSING. */
const closingStates: readonly (string | undefined)[] = ['04', '09', '0B'];

/**
 * Reads the text of /proc/PID/net/tcp or tcp6 (proc(5)): a heading, then lines
 * "sl local_address rem_address st tx_queue:rx_queue … inode …", addresses in hexadecimal as words of the machine's
 * byte order. Lines of another form are passed over.
 */
export function parseNetTcp(text: string, wordsAreLittleEndian = true): TcpEntry[] {
  const entries: TcpEntry[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const local = parseEndpoint(fields[1], wordsAreLittleEndian);
    const remote = parseEndpoint(fields[2], wordsAreLittleEndian);
    const inode = fields[9];
    if (local === null || remote === null || inode === undefined) continue;
    const closing = closingStates.includes(fields[3]);
    const queued = parseQueue(fields[4]);
    entries.push({
      inode,
      listening: fields[3] === listenState,
      closing,
      localAddress: local.address,
      localPort: local.port,
      remoteAddress: remote.address,
      remotePort: remote.port,
      // The end takes a number of the sequence itself (tcp_send_fin), and is no byte.
      unsentBytes: closing ? Math.max(0, queued - 1) : queued,
    });
  }
  return entries;
}

function parseQueue(field: string | undefined): number {
  return Number.parseInt(/^([0-9A-F]{8}):/.exec(field ?? '')?.[1] ?? '0', 16);
}

function parseEndpoint(field: string | undefined, littleEndian: boolean) {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(field ?? '');
  if (match?.[1] === undefined || match[2] === undefined) return null;
  const bytes = Buffer.from(match[1], 'hex');
  if (littleEndian) bytes.swap32();
  return { address: formatAddress(bytes), port: Number.parseInt(match[2], 16) };
}
