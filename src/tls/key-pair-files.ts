import { fileVersion } from '../state/file-version.ts';
import { readRegularFile } from '../state/read-regular-file.ts';
import {
  checkKeyPair,
  type KeyPair,
  KeyPairError,
  type KeyPairNames,
  type KeyPairSource,
  validityProblem,
} from './key-pair.ts';

export interface KeyPairReports {
  /** Told once per change of the files that could not be taken over. */
  readonly onProblem?: (message: string) => void;
  /** Told of a pair that is in use though clients will refuse it. */
  readonly onWarning?: (message: string) => void;
}

/**
 * The pair in two PEM files, which are looked at whenever it is asked for: no watcher to miss a
 * change, no timer. Symbolic links are followed, as renewals often swap those. A renewal that is
 * half done (the two do not fit) leaves the pair before in use. Throws KeyPairError when there is
 * none to begin with.
 */
export function openKeyPairFiles(
  paths: KeyPairNames,
  { onProblem, onWarning }: KeyPairReports = {},
): KeyPairSource {
  const versionNow = () => `${fileVersion(paths.cert)} ${fileVersion(paths.key)}`;
  const check = (read: KeyPair) => {
    const problem = validityProblem(checkKeyPair(read, paths), Date.now());
    if (problem !== null) onWarning?.(`the certificate ${paths.cert} ${problem}`);
    return read;
  };
  let seen = versionNow();
  let reported = seen;
  let pair = check(readPair(paths));

  return {
    current() {
      const version = versionNow();
      if (version === seen) return pair;
      try {
        const read = readPair(paths);
        // A read can fail for a reason that passes without a change of the files (EMFILE, EIO), so
        // only a version whose content was had counts as seen.
        seen = version;
        pair = check(read);
      } catch (error) {
        if (reported !== version) {
          onProblem?.(`${(error as Error).message}; the certificate before stays in use`);
        }
        reported = version;
      }
      return pair;
    },
  };
}

function readPair({ cert, key }: KeyPairNames): KeyPair {
  return { cert: readText(cert), key: readText(key) };
}

function readText(path: string): string {
  const read = readRegularFile(path);
  if ('text' in read) return read.text;
  throw new KeyPairError(`${path} cannot be read (${read.fault})`);
}
