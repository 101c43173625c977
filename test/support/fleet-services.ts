import assert from 'node:assert/strict';
import { missingSummary } from '../../src/sessions/missing-text.ts';
import type { Scope } from '../../src/sessions/scope.ts';
import { FleetError, type MissingCause, type ServersReport } from '../../src/sessions/servers.ts';
import type { FtpSession, Snapshot } from '../../src/sessions/session.ts';
import { countSessions } from '../../src/sessions/session-counts.ts';
import { fleetFunctions } from '../../src/uapi/fleet-functions.ts';
import { functions } from '../../src/uapi/functions.ts';
import type { Services } from '../../src/worker/app.ts';
import { snapshot, testServices } from './app.ts';

/** What a server of a made up fleet does: it has these sessions, or it is missing. */
export type FakeServer = readonly FtpSession[] | MissingCause;

/**
 * The services of a gateway whose servers are made up: alice is placed on `placed`. `servers` may be
 * changed as hosts come and go; `asked` has the scope of each question to them.
 */
export function fleetServices(
  servers: Map<string, FakeServer>,
  placed: readonly string[] = [],
  facts: Partial<Services> = {},
) {
  const asked: Scope[] = [];
  const answeredAt = Date.parse('2030-04-23T10:31:02Z');
  const services = testServices();
  const placements = placed.map((host) => ({ host, systemUser: 'alice' }));
  const find: typeof services.accounts.find = (name) => {
    const account = services.accounts.find(name);
    return account && name === 'alice' ? { ...account, placements } : account;
  };

  async function look(scope: Scope): Promise<Snapshot> {
    asked.push(scope);
    const names = scope.kind === 'placed' ? scope.hosts.map(([name]) => name) : [...servers.keys()];
    const states = names.map((server) => [server, servers.get(server) ?? 'not-enrolled'] as const);
    const missing = states.flatMap(([server, state]) =>
      typeof state === 'string' ? [{ server, cause: state, answeredAt }] : [],
    );
    const sessions = states.flatMap(([host, state]) =>
      typeof state === 'string' ? [] : state.map((each) => ({ ...each, host })),
    );
    const there = states.flatMap(([server, state]) => (typeof state === 'string' ? [] : [server]));
    const report: ServersReport = {
      asked: names.length,
      answered: there.length,
      missing,
      waitedMs: 2_000,
      begunAt: new Map(there.map((server) => [server, Date.now()])),
    };
    if (there.length === 0 && missing.length > 0) {
      throw new FleetError('no-server-answered', missingSummary(missing), report);
    }
    const daemons = there.map((host) => ({ name: 'pure-ftpd', pid: 99, ports: [21], host }));
    return snapshot({ begunAt: Date.now(), sessions, daemons, servers: report });
  }

  return {
    ...services,
    sessions: { snapshot: look },
    fleet: {
      servers: () => [...servers.keys()],
      states: async () => [],
      count: async (scope: Scope) => {
        const { sessions, gaps, daemons, servers: told } = await look(scope);
        const report = told ?? assert.fail('a fleet tells of its servers');
        const of = (server: string) => sessions.filter(({ host }) => host === server);
        const names = [...report.begunAt.keys()];
        const counts = new Map(names.map((server) => [server, countSessions(of(server))]));
        return { servers: report, counts, gaps, daemons };
      },
    },
    functions: fleetFunctions(functions),
    accounts: { ...services.accounts, find },
    ...facts,
    asked,
  };
}
