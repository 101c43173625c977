import { Readable } from 'node:stream';
import { program, type Result } from './cli-run.ts';

/*
 * A script: a process that runs commands of uapid one after the other, each as the built program
 * does, with its arguments, environment and standard streams. What is left out is that a process
 * starts and ends. command-run.ts asks it.
 */

/** A command that it is asked to run. */
export interface CommandRequest {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

/** Thrown where the program would leave by process.exit. */
class Exit {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

let commands = 0;

async function runCommand({ args, env, input }: CommandRequest): Promise<Result> {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, program, ...args];
  Object.defineProperty(process, 'stdin', { value: inputOf(input), configurable: true });
  const [stdout, stderr] = [process.stdout, process.stderr].map(collect);
  process.exit = (code) => {
    throw new Exit(Number(code ?? process.exitCode ?? 0));
  };
  commands += 1;
  let code: number;
  try {
    // A query makes it another module: its code runs again, and what it imports is there already.
    await import(`${program}?${commands}`);
    code = Number(process.exitCode ?? 0);
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  }
  process.exitCode = undefined;
  return { code, stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' };
}

function inputOf(text: string): Readable {
  return Readable.from(text === '' ? [] : [Buffer.from(text)]);
}

/** Keeps what is written to a stream from now on; returns what gives it. */
function collect(stream: NodeJS.WriteStream): () => string {
  const chunks: Buffer[] = [];
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    chunks.push(Buffer.from(chunk as string));
    const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    if (done !== undefined) process.nextTick(done);
    return true;
  };
  return () => Buffer.concat(chunks).toString();
}

process.on('message', async (request: CommandRequest) => {
  process.send?.(await runCommand(request));
});
