import type { MetricsOutcome } from '../boundary/messages.ts';
import type { MetricsPlace } from '../config.ts';
import { type Listeners, listen } from '../listeners.ts';
import type { KeyPairSource } from '../tls/key-pair.ts';
import { buildMetricsApp, type MetricsServices } from './app.ts';

/** The metrics' own listener. */
export interface MetricsServer {
  /**
   * Begins to listen. Where nobody asked for metrics an address that cannot be opened is told of
   * and keeps the server from nothing; else it rejects.
   */
  open(keyPair: KeyPairSource | null): Promise<MetricsOutcome>;
  close(): Promise<void>;
}

/** Whoever holds them open must not take the descriptors that the API needs. */
const few = { most: 64, stalledMs: 60_000 };

export function createMetricsServer(
  { address, isRequired }: MetricsPlace,
  services: MetricsServices,
): MetricsServer {
  const app = buildMetricsApp(services);
  let listeners: Listeners | null = null;
  return {
    open: async (keyPair) => {
      try {
        listeners = await listen(app, [address], keyPair, '--metrics', few);
        return { url: listeners.urls[0] ?? address.url };
      } catch (error) {
        if (isRequired) throw error;
        const problem = error instanceof Error ? error.message : String(error);
        services.logger.warn({ problem }, 'no metrics are served');
        return { problem };
      }
    },
    close: async () => {
      await listeners?.close();
      await app.close();
    },
  };
}
