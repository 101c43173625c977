/** Why the sessions of a host of a fleet can be missing in an answer. */
export const missingCauses = [
  /** It is not connected to the fleet. */
  'absent',
  /** It did not answer in time. */
  'silent',
  /** It has as many requests at a time as it works on. */
  'busy',
  /** It was not asked in time, since too many others did not answer. */
  'not-asked',
  /** It was not asked, since the gateway's monitor did not sign the request: it may just have been removed. */
  'unsigned',
  /** It refused the request; `refusal` says why. */
  'refused',
  /** What it answered makes no sense. */
  'malformed',
  /** Two machines answer under its name. */
  'cloned',
  /** An account is placed on it, and it is not let in. */
  'not-enrolled',
] as const;

export type MissingCause = (typeof missingCauses)[number];

/** How a host of a fleet can be: it answers, or why its sessions are missing. */
export const serverStates = ['answers', ...missingCauses] as const;

/** A host of a fleet whose sessions are missing. */
export interface MissingServer {
  readonly server: string;
  readonly cause: MissingCause;
  /** The host's own reason, one of a few words. */
  readonly refusal?: string;
  /** The runs of the machines that answer under its name. */
  readonly instances?: readonly string[];
  /** When it answered last, in ms since the epoch by the gateway's clock; absent where it never has. */
  readonly answeredAt?: number;
}

/** What became of the question to the hosts of a fleet. */
export interface ServersReport {
  readonly asked: number;
  readonly answered: number;
  readonly missing: readonly MissingServer[];
  /** How long was waited at most, in ms. */
  readonly waitedMs: number;
  /** When each that answered began to scan, by its own clock, in ms since the epoch. */
  readonly begunAt: ReadonlyMap<string, number>;
}

/** What is known of a host of a fleet from its last answer. */
export interface ServerState {
  readonly server: string;
  readonly state: (typeof serverStates)[number];
  readonly version: string | null;
  readonly daemons: readonly string[];
  readonly sessions: number | null;
  /** By the gateway's clock, in ms since the epoch; null for never. */
  readonly answeredAt: number | null;
  /** How much its clock is ahead, in ms, as far as an answer tells. */
  readonly clockAheadMs: number | null;
}

/** A question that a gateway cannot answer, or not in one answer. Its message is for the caller. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code:
    | 'no-server-answered'
    | 'fleet-connection-lost'
    | 'not-at-gateway'
    | 'too-many-sessions';
  /** Who is missing, where nobody has answered. */
  readonly servers: ServersReport | null;

  constructor(code: FleetError['code'], message: string, servers: ServersReport | null = null) {
    super(message);
    this.code = code;
    this.servers = servers;
  }
}
