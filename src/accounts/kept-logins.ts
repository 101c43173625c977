import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { withLock } from '../state/lock.ts';
import { readSecretFile } from '../state/read-secret-file.ts';
import { StateFileError } from '../state/state-file-error.ts';
import { writeDurably } from '../state/write-durably.ts';
import { type KeptLogin, type LoginRecord, loginLimits } from './kept-login.ts';
import {
  isValidKey,
  type LoginKey,
  loginKeysFile,
  renewedKeys,
  signedCookie,
} from './login-keys.ts';

/** Logins that outlive this process. It makes their cookies, and keeps none. */
export interface KeptLogins {
  /** Those that are open, for a worker that begins. */
  list(): readonly KeptLogin[];
  /** The cookie of a new login; null where none can be kept, and then it ends with the worker. */
  open(login: LoginRecord): Promise<string | null>;
  /** Resolves once it can no longer come back. */
  end(id: string): Promise<void>;
  used(id: string): void;
  /** Ends all, since a worker that cannot be trusted may know their cookies. */
  endAll(): Promise<void>;
  /** Writes down what is not yet; resolves when that is done. */
  close(): Promise<void>;
}

const time = z.int().min(0);
const storedLogin = z.strictObject({
  id: z.string().regex(/^[\w-]{22}$/),
  key: z.string(),
  account: z.string(),
  holder: z.string(),
  securityToken: z.string(),
  openedAt: time,
  usedAt: time,
});
type StoredLogin = z.infer<typeof storedLogin>;
const loginsFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  logins: z.array(storedLogin),
});

export interface KeptLoginsOptions {
  /** Told once of whatever keeps logins from outliving this process. */
  readonly onProblem: (message: string) => void;
  /** In ms since 1970; tests have their own. */
  readonly now?: () => number;
}

/** So long after it that a login was opened, or used, is written down: what gets lost meanwhile ends it. */
const openedAfterMs = 1_000;
const usedAfterMs = 60_000;
const lockWaitMs = 2_000;
/** Between two writings: who logs in and out all the while must not have root write all the while. */
const writeGapMs = 250;

/**
 * The logins in `logins.json` of the state directory, whose cookies are made with the keys in
 * `login-key.json`: neither file alone is worth a login. Creates nothing before the first login. One
 * process at a time keeps those of a directory. Never rejects.
 */
export async function openKeptLogins(
  stateDir: string,
  { onProblem, now = Date.now }: KeptLoginsOptions,
): Promise<KeptLogins> {
  const [keyPath, path] = [join(stateDir, 'login-key.json'), join(stateDir, 'logins.json')];
  const logins = new Map<string, StoredLogin>();
  let keys: readonly LoginKey[] = [];
  let isUsable: Promise<boolean> | null = null;
  let unlock = () => {};
  let due: { readonly timer: NodeJS.Timeout; readonly at: number } | null = null;
  let writing: Promise<void> = Promise.resolve();
  let pending: Promise<void> | null = null;
  let writtenAt = Number.NEGATIVE_INFINITY;
  let hasFailed = false;

  const isOpen = ({ openedAt, usedAt }: StoredLogin, at: number) =>
    openedAt <= at && at - openedAt < loginLimits.absoluteMs && at - usedAt < loginLimits.idleMs;

  function prune(): void {
    const at = now();
    for (const [id, login] of logins) {
      if (!isOpen(login, at) || keyOf(login) === undefined) logins.delete(id);
    }
  }

  function keyOf({ key }: StoredLogin): LoginKey | undefined {
    return keys.find((each) => each.id === key && isValidKey(each, now(), loginLimits.absoluteMs));
  }

  function problem(error: unknown): void {
    if (!hasFailed) onProblem(`a restart of uapid will end the logins: ${reasonOf(error)}`);
    hasFailed = true;
  }

  /** Takes the directory for this process, and what is there; false when it cannot be had. */
  function take(): Promise<boolean> {
    isUsable ??= (async () => {
      try {
        mkdirSync(stateDir, { recursive: true, mode: 0o700 });
        unlock = await hold(`${path}.lock`);
        try {
          keys = read(keyPath, loginKeysFile)?.keys ?? [];
        } catch (error) {
          // What ends now cannot be taken out of it, and must not come back with the key.
          rmSync(path, { force: true });
          throw error;
        }
        load();
        return true;
      } catch (error) {
        problem(error);
        unlock();
        return false;
      }
    })();
    return isUsable;
  }

  function load(): void {
    try {
      const stored = read(path, loginsFile)?.logins ?? [];
      for (const login of stored.slice(0, loginLimits.maxLogins)) logins.set(login.id, login);
      prune();
    } catch (error) {
      onProblem(`the logins of before are over: ${reasonOf(error)}`);
      rmSync(path, { force: true });
    }
  }

  async function renewKeys(): Promise<LoginKey> {
    const renewed = renewedKeys(keys, now(), loginLimits.absoluteMs);
    const [newest] = renewed;
    if (newest === undefined) throw new Error('there is no key');
    if (renewed === keys) return newest;
    const before = keys;
    keys = renewed;
    try {
      await writeDurably(keyPath, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
    } catch (error) {
      // The next one tries again.
      if (keys === renewed) keys = before;
      throw error;
    }
    return newest;
  }

  /** Writes all that is known at some moment after the call. */
  function write(): Promise<void> {
    if (due !== null) clearTimeout(due.timer);
    due = null;
    pending ??= writing.then(async () => {
      const restMs = writtenAt + writeGapMs - performance.now();
      if (restMs > 0) await sleep(restMs);
      pending = null;
      prune();
      const text = JSON.stringify({ version: 1, logins: [...logins.values()] });
      try {
        await writeDurably(path, `${text}\n`);
      } catch (error) {
        problem(error);
        // What it says of a login that has ended must not count again.
        rmSync(path, { force: true });
      } finally {
        writtenAt = performance.now();
      }
    });
    writing = pending.catch(problem);
    return writing;
  }

  function writeWithin(ms: number): void {
    const at = performance.now() + ms;
    if (due !== null && due.at <= at) return;
    if (due !== null) clearTimeout(due.timer);
    due = { at, timer: setTimeout(() => void write(), ms).unref() };
  }

  // Where nothing was kept there is nothing to take yet.
  if (isThere(path)) await take();

  return {
    list: () => {
      prune();
      const at = now();
      return [...logins.values()].flatMap((login) => {
        const key = keyOf(login);
        if (key === undefined) return [];
        const { id, account, holder, securityToken, openedAt, usedAt } = login;
        const cookieHash = createHash('sha256').update(signedCookie(key, login)).digest('base64');
        const ago = { openedAgoMs: at - openedAt, usedAgoMs: Math.max(0, at - usedAt) };
        return { id, account, holder, securityToken, cookieHash, ...ago };
      });
    },

    open: async (record) => {
      if (!(await take())) return null;
      if (logins.size >= 2 * loginLimits.maxLogins) prune();
      if (logins.size >= 2 * loginLimits.maxLogins) return null;
      try {
        const key = await renewKeys();
        const at = now();
        const id = randomBytes(16).toString('base64url');
        const login = { id, key: key.id, ...record, openedAt: at, usedAt: at };
        logins.set(id, login);
        writeWithin(openedAfterMs);
        return signedCookie(key, login);
      } catch (error) {
        problem(error);
        return null;
      }
    },

    end: async (id) => {
      if (logins.delete(id)) await write();
    },

    used: (id) => {
      const login = logins.get(id);
      if (login === undefined) return;
      logins.set(id, { ...login, usedAt: now() });
      writeWithin(usedAfterMs);
    },

    endAll: async () => {
      if (logins.size === 0) return;
      logins.clear();
      await write();
    },

    close: async () => {
      if (due !== null) await write();
      await writing;
      unlock();
    },
  };
}

function isThere(path: string): boolean {
  try {
    return readSecretFile(path) !== null;
  } catch {
    // What is wrong with it will be told.
    return true;
  }
}

/** Takes a lock; rejects with StateFileError when another process has it. */
function hold(path: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = () => new Promise<void>((release) => resolve(release));
    withLock(path, held, lockWaitMs).catch(reject);
  });
}

function read<T>(path: string, schema: z.ZodType<T>): T | null {
  const text = readSecretFile(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StateFileError(`${path} is not valid JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StateFileError(`${path} is damaged`);
}

function reasonOf(error: unknown): string {
  if (error instanceof StateFileError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : `the state directory cannot be written (${code})`;
}
