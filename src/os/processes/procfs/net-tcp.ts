import { formatAddress } from '../../../lib/address-bytes.ts';

/** A line of /proc/PID/net/tcp or tcp6. */
export interface TcpEntry {
  readonly inode: string;
  readonly listening: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

const listenState = '0A';

/**
 * Reads the text of /proc/PID/net/tcp or tcp6 (proc(5)): a heading, then lines
 * "sl local_address rem_address st … inode …", addresses in hexadecimal as words of the machine's
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
    entries.push({
      inode,
      listening: fields[3] === listenState,
      localAddress: local.address,
      localPort: local.port,
      remoteAddress: remote.address,
      remotePort: remote.port,
    });
  }
  return entries;
}

function parseEndpoint(field: string | undefined, littleEndian: boolean) {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(field ?? '');
  if (match?.[1] === undefined || match[2] === undefined) return null;
  const bytes = Buffer.from(match[1], 'hex');
  if (littleEndian) bytes.swap32();
  return { address: formatAddress(bytes), port: Number.parseInt(match[2], 16) };
}
