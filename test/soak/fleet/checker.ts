/** An FTP session as its client knows it; times by this process's clock, in ms. */
export interface FleetVisit {
  readonly server: string;
  readonly owner: string;
  /** The port of the server's FTP daemon, which no other server has, and the client's. */
  readonly ftpPort: number;
  readonly clientPort: number;
  /** Before its password was sent. */
  readonly possibleFrom: number;
  /** It surely was there from then on; null for not yet. */
  sureFrom: number | null;
  /** Until then; null for still. */
  sureUntil: number | null;
  /** It surely was over by then; null for not yet. */
  goneBy: number | null;
}

/** What list_transfers has told. */
export interface FleetAnswer {
  readonly begunAt: number;
  readonly endedAt: number;
  readonly rows: readonly FleetRow[];
  /** The servers that are named as missing; null where the answer says that nobody has answered. */
  readonly missing: readonly string[] | null;
}

export interface FleetRow {
  readonly server: string;
  readonly owner: string;
  readonly local_port: number;
  readonly remote_port: number;
}

/** Whose sessions an answer is to have: system users by server. */
export type FleetScope = (server: string, owner: string) => boolean;

export const fleetFaults = [
  'missing',
  'wrong-server',
  'not-there',
  'not-its-own',
  'twice',
] as const;
export interface FleetFault {
  readonly kind: (typeof fleetFaults)[number];
  readonly detail: string;
}

/**
 * Holds an answer against what the clients did. Each session that was there all the time has its row, or its
 * server is named; each row is of a session that was there, on that server.
 */
export function checkAnswer(
  answer: FleetAnswer,
  visits: readonly FleetVisit[],
  isInScope: FleetScope,
): FleetFault[] {
  const faults: FleetFault[] = [];
  const add = (kind: FleetFault['kind'], what: object) =>
    faults.push({ kind, detail: JSON.stringify(what) });
  const found = new Set<string>();
  const byPorts = new Map<string, FleetVisit[]>();
  for (const visit of visits) {
    const ports = `${visit.ftpPort} ${visit.clientPort}`;
    byPorts.set(ports, [...(byPorts.get(ports) ?? []), visit]);
  }
  for (const row of answer.rows) {
    const ports = `${row.local_port} ${row.remote_port}`;
    if (found.has(ports)) add('twice', row);
    found.add(ports);
    if (!isInScope(row.server, row.owner)) add('not-its-own', row);
    const there = (byPorts.get(ports) ?? []).filter((visit) => mayBeThere(visit, answer));
    const own = there.find(({ server, owner }) => server === row.server && owner === row.owner);
    if (own === undefined) add(there.length > 0 ? 'wrong-server' : 'not-there', row);
  }
  const { missing } = answer;
  if (missing === null) return faults;
  for (const visit of visits) {
    const { server, owner, ftpPort, clientPort } = visit;
    if (!isInScope(server, owner) || missing.includes(server) || !wasThere(visit, answer)) continue;
    if (!found.has(`${ftpPort} ${clientPort}`)) add('missing', visit);
  }
  return faults;
}

function wasThere({ sureFrom, sureUntil }: FleetVisit, { begunAt, endedAt }: FleetAnswer) {
  return sureFrom !== null && sureFrom < begunAt && (sureUntil === null || sureUntil > endedAt);
}

function mayBeThere({ possibleFrom, goneBy }: FleetVisit, { begunAt, endedAt }: FleetAnswer) {
  return possibleFrom < endedAt && (goneBy === null || goneBy > begunAt);
}
