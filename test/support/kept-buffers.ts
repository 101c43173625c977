import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Bytes outside of the engine's heap that stay for what `make` returns, `count` times, while other small
 * buffers come and go: a buffer that is cut from Node's pool keeps all of it.
 */
export function keptBufferBytes(count: number, make: (index: number) => unknown): number {
  setFlagsFromString('--expose-gc');
  const collectOnce: () => void = runInNewContext('gc');
  // What the first one finds may be given back beside this thread; the second one waits for that.
  const collect = () => {
    collectOnce();
    collectOnce();
  };
  collect();
  const before = process.memoryUsage().arrayBuffers;
  const kept = Array.from({ length: count }, (_, index) => {
    // A quarter of the pool, as a text that was read and is not needed any more.
    Buffer.allocUnsafe(Buffer.poolSize / 4);
    return make(index);
  });
  collect();
  // The pool in use may be a new one: of 8 kB in Node.js 20, of 64 in 26.
  const bytes = Math.max(0, process.memoryUsage().arrayBuffers - before - Buffer.poolSize);
  return kept.length === count ? bytes : Number.NaN;
}
