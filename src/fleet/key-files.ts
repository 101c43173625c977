import type { KeyObject } from 'node:crypto';
import { existsSync, lchownSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RefusedError } from '../lib/refused-error.ts';
import { withLock } from '../state/lock.ts';
import { readSecretFile } from '../state/read-secret-file.ts';
import { requireFile } from '../state/replace-file.ts';
import { explainWriting, StateFileError } from '../state/state-file-error.ts';
import { writeDurably } from '../state/write-durably.ts';
import {
  type ConnectionKey,
  connectionKey,
  createConnectionSeed,
  createSigningKey,
  publicHalf,
  readSigningKey,
} from './signature/keys.ts';

/** The public halves of a machine's keys in a fleet. */
export interface PublicKeys {
  /** U…: by it the messaging server knows the machine. */
  readonly connection: string;
  /** By it hosts know the requests that the machine signs as a gateway. */
  readonly signing: string;
}

/** The keys of this machine. */
export interface OwnKeys {
  /** S…: goes to the process that speaks with the messaging server. */
  readonly connectionSeed: string;
  readonly connection: ConnectionKey;
  /** Never leaves the process that has read it. */
  readonly signing: KeyObject;
}

function pathsIn(stateDir: string) {
  const directory = join(stateDir, 'fleet');
  return { connection: join(directory, 'connection.nk'), signing: join(directory, 'signing.pem') };
}

/**
 * Makes the keys of this machine (0600, in a directory of 0700), unless it has some, and gives the public
 * halves. Rejects with StateFileError when they cannot be written or read.
 */
export async function ensureKeys(
  stateDir: string,
  { replace }: { readonly replace: boolean },
): Promise<PublicKeys & { readonly isNew: boolean }> {
  const paths = pathsIn(stateDir);
  let isNew = false;
  await explainWriting(paths.connection, async () => {
    makeDirectory(dirname(paths.connection));
    await withLock(join(dirname(paths.connection), 'lock'), async () => {
      isNew = replace || !(existsSync(paths.connection) && existsSync(paths.signing));
      if (!isNew) return;
      // A secret goes to no place that somebody else has named.
      for (const path of Object.values(paths)) {
        requireFile(path, lstatSync(path, { throwIfNoEntry: false }));
      }
      await writeDurably(paths.connection, `${createConnectionSeed()}\n`);
      await writeDurably(paths.signing, createSigningKey());
    });
  });
  return { ...publicKeys(readKeys(stateDir)), isNew };
}

/** Root gives it to the owner of the state directory, so that a server without root can read its keys. */
function makeDirectory(directory: string): void {
  const isNew = mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined;
  if (!lstatSync(directory).isDirectory()) {
    throw new RefusedError('refused', `${directory} is no directory`);
  }
  if (!isNew || process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(directory));
  lchownSync(directory, uid, gid);
}

/**
 * The keys of this machine. Throws StateFileError, with the way out of it, when there are none or they
 * cannot be used; the message never quotes them.
 */
export function readKeys(stateDir: string): OwnKeys {
  const paths = pathsIn(stateDir);
  const connectionSeed = readOne(paths.connection).trim();
  const connection = connectionKey(connectionSeed);
  if (connection === null) throw new StateFileError(`${paths.connection} holds no key of a fleet`);
  const signing = readSigningKey(readOne(paths.signing));
  if (signing === null) throw new StateFileError(`${paths.signing} holds no Ed25519 key`);
  return { connectionSeed, connection, signing };
}

function publicKeys({ connection, signing }: OwnKeys): PublicKeys {
  return { connection: connection.publicKey, signing: publicHalf(signing) };
}

function readOne(path: string): string {
  const text = readSecretFile(path);
  if (text !== null) return text;
  throw new StateFileError(`${path} is missing: make the keys of this machine by uapid fleet key`);
}
