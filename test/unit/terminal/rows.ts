import type { SessionRow } from '../../../src/terminal/session-table.ts';

/** An idle session of Ftp::list_transfers, connected on 4 March 2026 at noon and a half, with other facts. */
export function row(facts: Partial<SessionRow> = {}): SessionRow {
  return {
    pid: 6735,
    start: '1',
    user: 'alice',
    owner: 'alice',
    container: null,
    host: '192.0.2.7',
    remote_port: 40000,
    local_port: 21,
    protocol: null,
    status: 'IDLE',
    file: '',
    path: '',
    directory: null,
    command: null,
    bytes_moved: null,
    bytes_total: null,
    unsent_bytes: null,
    percent: null,
    rate_bytes_per_second: null,
    connected_seconds: 9,
    status_seconds: 9,
    started_at: new Date(2026, 2, 4, 12, 29, 51).toISOString(),
    status_since: new Date(2026, 2, 4, 12, 29, 51).toISOString(),
    ...facts,
  };
}
