import { spawn } from 'node:child_process';
import { closeSync, existsSync, statSync } from 'node:fs';
import { openRootsFile } from '../roots-file.ts';

/**
 * When a helper is ended that has not answered, in ms. PAM waits for three seconds at most after a wrong
 * password (pam_fail_delay(3), pam_unix(8)).
 */
export const helperLimitMs = 4_000;

/** So many helpers at a time; who asks beyond that is told no. */
const maxAtOnce = 16;

/** What is told of a helper that fails is told once in so long, in ms. */
const problemEveryMs = 60_000;

/** Its buffers hold more; no password of shadow(5) is so long that crypt(3) would take it. */
const maxPasswordBytes = 256;

/** Codes of pwauth(8) from here on say that something is wrong with its installation. */
const firstFault = 50;

/** Checks passwords of system users through a program of the distribution. */
export interface PasswordHelper {
  /** Whether PAM lets that user in with that password; false, with a word to `onProblem`, if it cannot be told. */
  verify(name: string, password: string): Promise<boolean>;
  /** Ends those that run. */
  stop(): void;
}

export interface PasswordHelperOptions {
  /** pwauth(8), or what speaks as it: name and password in two lines of standard input, 0 for yes. */
  readonly path: string;
  readonly onProblem: (message: string) => void;
  readonly limitMs?: number;
}

/**
 * A helper of its own for each password: name and password go to it through a pipe, so that neither an
 * argument nor an environment holds them. It has a process group of its own, and is ended with all that PAM
 * has started when it takes too long, and by the kernel when this process ends.
 */
export function openPasswordHelper({
  path,
  onProblem,
  limitMs = helperLimitMs,
}: PasswordHelperOptions): PasswordHelper {
  const running = new Set<() => void>();
  let toldAt = -Infinity;

  function tell(what: string): false {
    const now = performance.now();
    if (now - toldAt >= problemEveryMs) {
      toldAt = now;
      onProblem(`passwords of system users cannot be checked: ${path} ${what}`);
    }
    return false;
  }

  async function ask(lines: string): Promise<boolean> {
    const outcome = await run(path, lines, limitMs, running);
    if (typeof outcome === 'string') return tell(outcome);
    return outcome >= firstFault ? tell(`ends with code ${outcome} (pwauth(8))`) : outcome === 0;
  }

  return {
    async verify(name, password) {
      if (!isLine(name) || !isLine(password) || Buffer.byteLength(password) > maxPasswordBytes) {
        return false;
      }
      if (running.size >= maxAtOnce) return tell(`runs ${maxAtOnce} times already`);
      return ask(`${name}\n${password}\n`);
    },
    stop() {
      for (const end of running) end();
    },
  };
}

/** pwauth reads lines of C strings, and refuses an empty password. */
function isLine(text: string): boolean {
  return text !== '' && !/[\0\r\n]/.test(text);
}

const setpriv = '/usr/bin/setpriv';

/** Resolves to its exit code, or to what came instead of one. */
function run(
  path: string,
  input: string,
  limitMs: number,
  running: Set<() => void>,
): Promise<number | string> {
  return new Promise((resolve) => {
    const command = existsSync(setpriv) ? [setpriv, '--pdeathsig=KILL', '--', path] : [path];
    const child = spawn(command[0] as string, command.slice(1), {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    };
    const done = (outcome: number | string) => {
      clearTimeout(timer);
      running.delete(end);
      resolve(outcome);
    };
    const timer = setTimeout(() => {
      end();
      done(`has not answered within ${limitMs / 1000} seconds`);
    }, limitMs);
    running.add(end);
    child.once('error', (error) => done(`cannot be started (${error.message})`));
    child.once('exit', (code, signal) => done(code ?? `was ended by ${signal}`));
    // One that ends before it has read all says so by its code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/**
 * Throws, in words for the administrator, unless passwords can be checked through that program: it is there,
 * root's, and answers no for a user that cannot be.
 */
export async function requirePasswordHelper(path: string): Promise<void> {
  const fault = faultOfFile(path) ?? (await faultOfTrial(path));
  if (fault !== null) {
    throw new Error(
      `passwords of system users cannot be checked: ${path} ${fault}. Debian’s package pwauth has it; --password-helper names another place.`,
    );
  }
}

function faultOfFile(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'is not there';
  if (!stat.isFile() || (stat.mode & 0o100) === 0) return 'is no program';
  if (stat.uid !== 0 || (stat.mode & 0o022) !== 0) return 'is not root’s alone to change';
  // Whoever may change one of its folders could put another in its place, which root would run.
  const opened = openRootsFile(path);
  if (typeof opened === 'string')
    return 'lies behind a link, or where others than root can replace it';
  closeSync(opened);
  return null;
}

/** No user has an empty field for a name, and none this one (passwd(5)). */
async function faultOfTrial(path: string): Promise<string | null> {
  const outcome = await run(path, ':\nnone\n', helperLimitMs, new Set());
  if (typeof outcome === 'string') return outcome;
  if (outcome === 0) return 'lets in a user that cannot be';
  return outcome >= firstFault ? `ends with code ${outcome} (pwauth(8))` : null;
}
