import type { Audit } from '../audit/audit.ts';
import type { HandedFleet } from '../channel/start.ts';
import type { FleetPlace } from '../config/fleet-place.ts';
import type { HostsFile } from '../fleet/inventory/hosts-file.ts';
import { openHostsStore } from '../fleet/inventory/hosts-store.ts';
import { readKeys } from '../fleet/key-files.ts';
import { ask, maxAskBytes } from '../fleet/messages/ask.ts';
import { parseMessage } from '../fleet/messages/parse-message.ts';
import { signRequest } from '../fleet/signature/signed-frame.ts';
import { readMemberTls, readText } from '../fleet/tls-files.ts';
import { createBounded } from '../lib/token-bucket.ts';
import { type EndingRights, endSigned, mayEnd } from './fleet-endings.ts';

/** The part of the monitor in a fleet. */
export interface OpenFleet {
  /** What each worker gets. */
  readonly handed: HandedFleet;
  /** The hosts that are let in; null on a machine that is no gateway. */
  readonly hosts: (() => HostsFile) | null;
  /** Signs a request; throws for what is none of this gateway's. Absent on a machine that is none. */
  readonly signAsk?: (message: string) => string;
}

/** What requests that end sessions are held against, and where they are written down. */
export interface EndingGuard extends EndingRights {
  readonly audit: Audit;
}

/** A worker's clock is this one, but for a step of it; a worker that is busy sends late what it asks. */
const maxAheadMs = 1_000;
const maxAgeMs = 10_000;

/** Requests to end that are signed: more than people and panels make; each is a line of the audit log. */
const maxEndings = { burst: 500, perSecond: 10 };

/**
 * Reads the keys of this machine. The worker gets those by which it connects, as it gets the key of https;
 * the one that signs stays here: whoever takes the worker over can ask while he has it, and takes no
 * key away. Throws, in words for the administrator, where a key is missing or cannot be used.
 */
export function openFleet(
  { servers, tls, ca, host, gateway }: FleetPlace,
  stateDir: string,
  onProblem: (message: string) => void,
  guard: EndingGuard,
): OpenFleet {
  // A host that is asked over https is known by its certificate.
  const isOverHttps = servers.length === 0;
  const keys = isOverHttps && gateway === null ? null : readKeys(stateDir);
  const handed = {
    servers,
    tls: tls === null ? null : readMemberTls(tls),
    ca: ca === null ? null : readText(ca),
    connectionSeed: isOverHttps || keys === null ? null : keys.connectionSeed,
    host,
    gateway,
  };
  if (gateway === null || keys === null) return { handed, hosts: null };
  const hosts = openHostsStore(stateDir, { onProblem });
  const endings = createBounded({
    ...maxEndings,
    onDropped: (count) => onProblem(`${count} requests to end sessions were not signed: too many`),
  });
  return {
    handed,
    hosts: hosts.file,
    signAsk: (message) => {
      const bytes = Buffer.from(message);
      const request = parseMessage(ask, bytes, maxAskBytes);
      const known = new Set(hosts.file().hosts.map(({ name }) => name));
      // The worker may only ask what a gateway asks, as itself, and of hosts that are let in.
      if (request?.via !== gateway || !request.hosts.every((name) => known.has(name))) {
        throw new Error('the worker wanted something signed that is no request of this gateway');
      }
      // A signature for later would be one for whenever somebody likes.
      const ageMs = Date.now() - request.issuedAt;
      if (ageMs < -maxAheadMs || ageMs > maxAgeMs) {
        throw new Error('the worker wanted something signed that is not of now');
      }
      if (request.verb === 'end') {
        if (!mayEnd(request, guard, Date.now()) || !endings.admits(1)) {
          throw new Error('the worker wanted sessions ended that the account it named may not end');
        }
        guard.audit.record(endSigned(request));
      }
      return signRequest(bytes, keys.signing);
    },
  };
}
