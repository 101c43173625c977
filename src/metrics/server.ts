import { type Listeners, type ListenPlace, listen } from '../http/listeners.ts';
import type { KeyPairSource } from '../tls/key-pair.ts';
import { buildMetricsApp, type MetricsServices } from './app.ts';

/** The metrics' own listener. */
export interface MetricsServer {
  /** Begins to listen; resolves to the URL, with the real port. */
  open(keyPair: KeyPairSource | null): Promise<string>;
  close(): Promise<void>;
}

/** Connections that are held open must not take the descriptors that the API needs. */
const few = { maxConnections: 64, stalledMs: 60_000, strangersMs: 5_000 };

export function createMetricsServer(place: ListenPlace, services: MetricsServices): MetricsServer {
  const app = buildMetricsApp(services);
  let listeners: Listeners | null = null;
  return {
    open: async (keyPair) => {
      listeners = await listen(app, [place], keyPair, few);
      return listeners.urls[0] ?? place.url;
    },
    close: async () => {
      await listeners?.close();
      await app.close();
    },
  };
}
