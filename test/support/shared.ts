import { after } from 'node:test';
import { type Cleanup, createCleanup } from './cleanup.ts';

/**
 * What several tests of a file share because they leave it as it was, such as a server: the first that asks
 * for it starts it, and it ends with the file. To be called outside of tests.
 */
export function shared<Part>(start: (t: Cleanup) => Promise<Part>): () => Promise<Part> {
  const cleanup = createCleanup();
  after(() => cleanup.run());
  let started: Promise<Part> | undefined;
  return () => {
    started ??= start(cleanup);
    return started;
  };
}
