import { type HelperProcess, startHelper } from './helper-process.ts';
import type { Load, LoadReport } from './load.ts';

/** The load generator's process. */
export interface Generator {
  /** Rejects unless every answer was a 200. */
  run(load: Load): Promise<LoadReport>;
  stop(): Promise<void>;
}

export function startGenerator(): Generator {
  const helper: HelperProcess<Load, LoadReport> = startHelper(new URL('load.js', import.meta.url));
  return {
    async run(load) {
      const report = await helper.ask(load);
      if (Object.keys(report.others).length > 0) {
        throw new Error(`Not every answer was a 200: ${JSON.stringify(report)}`);
      }
      return report;
    },
    stop: () => helper.stop(),
  };
}
