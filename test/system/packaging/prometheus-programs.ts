import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { unpackPackages } from '../../support/debian-packages.ts';

/** Prometheus as it is or would be installed. */
export interface Prometheus {
  /** Runs promtool to its end and resolves to its exit code and all that it said. */
  promtool(args: readonly string[], input?: string): Promise<{ code: number; output: string }>;
  /** Starts the server in the foreground; whoever starts it ends it. */
  serve(args: readonly string[]): ChildProcess;
}

/**
 * The system's Prometheus, or, where none is installed, the distribution's package unpacked into
 * `.cache/prometheus` of this project (fetched once, without installing it).
 */
export async function prometheus(): Promise<Prometheus> {
  const isInstalled = existsSync('/usr/bin/prometheus') && existsSync('/usr/bin/promtool');
  const root = isInstalled ? '/' : await unpackPackages('prometheus', ['prometheus']);
  const program = (name: string) => join(root, 'usr/bin', name);
  return {
    async promtool(args, input = '') {
      const child = spawn(program('promtool'), args, { timeout: 60_000 });
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      const [stdout, stderr, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { code: code ?? -1, output: stdout + stderr };
    },
    serve: (args) => spawn(program('prometheus'), args, { stdio: ['ignore', 'ignore', 'pipe'] }),
  };
}
