import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionState } from '../../src/sessions/session.ts';
import { addAccount } from '../support/add-account.ts';
import type { RunningUapid } from '../support/uapid.ts';
import { between } from './choice.ts';
import { owners } from './identities.ts';
import { type Answer, now, type Row } from './log.ts';

/** A row of Ftp/list_sessions. */
interface WireRow {
  readonly cmdline: string;
  readonly file: string;
  readonly host: string;
  readonly login: string;
  readonly pid: number;
  readonly status: 'IDLE' | 'DL' | 'UL';
  readonly user: string;
}

interface Envelope {
  readonly result: {
    readonly status: number;
    readonly data: readonly WireRow[] | null;
    readonly errors: readonly string[] | null;
    readonly metadata: { readonly warning_codes?: readonly string[] };
  };
}

const maxPauseMs = 600;
const patienceMs = 60_000;
const states: Record<WireRow['status'], SessionState> = {
  IDLE: 'idle',
  DL: 'download',
  UL: 'upload',
};

/** One caller for each owner's account and two administrators. */
export function createCallers(uapid: RunningUapid, source: string) {
  const credentials = owners.map(({ name, uid }) => {
    addAccount(uapid.stateDir, name, uapid.password);
    return { name, owner: uid as number | null };
  });
  const admin = { name: uapid.user, owner: null };
  return [...credentials, admin, admin].map(({ name, owner }) => ({
    /** Lists sessions again and again until told to stop, and hands every answer over. */
    async call(signal: AbortSignal, take: (answer: Answer) => void): Promise<void> {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!signal.aborted) {
        const asked = now();
        const answer = await listSessions(agent, uapid.url, `${name}:${uapid.password}`);
        take({ source, owner, asked, answered: now(), ...answer });
        await sleep(between(0, maxPauseMs));
      }
      agent.destroy();
    },
  }));
}

async function listSessions(
  agent: Agent,
  url: string,
  auth: string,
): Promise<Pick<Answer, 'rows' | 'error' | 'gaps'>> {
  try {
    const { status, body } = await get(agent, `${url}/Ftp/list_sessions`, auth);
    if (status !== 200) return { rows: null, error: `HTTP ${status}: ${body}`, gaps: [] };
    const { result } = JSON.parse(body) as Envelope;
    const errors = result.errors ?? [];
    const isWell = result.status === 1 && errors.length === 0;
    return {
      rows: result.data?.map(toRow) ?? null,
      error: isWell ? null : `status ${result.status}: ${errors.join(' ')}`,
      gaps: result.metadata.warning_codes ?? [],
    };
  } catch (error) {
    return { rows: null, error: String(error), gaps: [] };
  }
}

function get(agent: Agent, url: string, auth: string) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(url, { agent, auth, timeout: patienceMs }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within a minute')));
    sent.on('error', reject);
    sent.end();
  });
}

/** What the wire leaves open (ports, the owner, progress) is absent. */
function toRow({ cmdline, file, host, login, pid, status, user }: WireRow): Row {
  const seconds = Date.parse(login) / 1000;
  return {
    pid,
    title: cmdline,
    user,
    remoteAddress: host,
    state: states[status],
    file,
    connectedAt: Number.isNaN(seconds) ? null : seconds,
  };
}
