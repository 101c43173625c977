import type { PastSession } from '../../../../src/fleet/messages/item.ts';

/** A session that was, as a host's log tells it. */
export function pastSession(more: Partial<PastSession> = {}): PastSession {
  return {
    id: '5ea1a19b.1a4f',
    daemon: 'pure-ftpd',
    pid: 6735,
    start: '1937401',
    user: 'alice',
    owner: 2001,
    owner_name: 'alice',
    address: '192.0.2.7',
    port: 4711,
    local_port: 21,
    protocol: null,
    connected_at: '2026-11-29T03:12:07.000Z',
    ended_at: null,
    end: null,
    ended_by: null,
    transfers: null,
    bytes: null,
    transfers_by: null,
    seen: 'events',
    why: { protocol: 'not-in-record' },
    ...more,
  };
}
