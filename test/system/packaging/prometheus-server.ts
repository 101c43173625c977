import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startOnFreePort } from '../../support/free-port.ts';
import { prometheus } from './prometheus-programs.ts';

/** A sample of an instant query's result. */
export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Alert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A real Prometheus on loopback. */
export interface PrometheusServer {
  query(expression: string): Promise<readonly QueryResult[]>;
  alerts(): Promise<readonly Alert[]>;
}

export interface PrometheusServerOptions {
  /** HOST:PORT of the one target, of the job "uapid". */
  readonly target: string;
  /** The file with the token that it shows there. */
  readonly credentialsFile: string;
  /** The text of the rules. */
  readonly rules: string;
  /** An empty folder of the test's. */
  readonly folder: string;
}

/**
 * Starts a Prometheus that scrapes every two seconds and evaluates four times a second; it ends with
 * the test. A scrape has the whole time to the next, so that a loaded machine fails none.
 */
export async function startPrometheus(
  t: TestContext,
  { target, credentialsFile, rules, folder }: PrometheusServerOptions,
): Promise<PrometheusServer> {
  const { serve } = await prometheus();
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  file('rules.yml', rules);
  // JSON is YAML.
  const config = file(
    'prometheus.yml',
    JSON.stringify({
      global: { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '250ms' },
      rule_files: ['rules.yml'],
      scrape_configs: [
        {
          job_name: 'uapid',
          authorization: { credentials_file: credentialsFile },
          static_configs: [{ targets: [target] }],
        },
      ],
    }),
  );
  const data = join(folder, 'data');
  mkdirSync(data);
  const { child, port } = await startOnFreePort({
    what: 'Prometheus',
    launch: (port) =>
      serve([
        `--config.file=${config}`,
        `--storage.tsdb.path=${data}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ]),
    serves: async ({ port }) => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok,
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });

  async function api<T>(path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; data: T; error?: string };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
  return {
    query: async (expression) => {
      const path = `query?query=${encodeURIComponent(expression)}`;
      return (await api<{ result: QueryResult[] }>(path)).result;
    },
    alerts: async () => (await api<{ alerts: Alert[] }>('alerts')).alerts,
  };
}
