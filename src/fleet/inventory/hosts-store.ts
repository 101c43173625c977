import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { RefusedError } from '../../lib/refused-error.ts';
import { openJsonFile } from '../../state/json-file.ts';
import { memberName } from '../messages/ask.ts';
import { isConnectionKey } from '../signature/keys.ts';
import { type EnrolledHost, type HostsFile, hostsFile } from './hosts-file.ts';
import { fingerprintForm, isHttpsAddress } from './https-address.ts';

/** The hosts of a fleet with what changes them; a change by another process shows at the next use. */
export interface HostsStore {
  /** The file's content of this moment: the same object while it does not change. */
  file(): HostsFile;
  /** By name. */
  list(): readonly EnrolledHost[];
  /** Rejects with RefusedError for a name or a key that will not do, or that is there already. */
  add(host: EnrolledHost): Promise<void>;
  /** Rejects with RefusedError where there is none of that name. */
  remove(name: string): Promise<void>;
}

export interface HostsStoreOptions {
  /** Told once per change of the file that could not be taken over. */
  readonly onProblem?: (message: string) => void;
}

/**
 * The hosts in `hosts.json` of a gateway's state directory. Creates nothing until the first change.
 * Throws StateFileError when the file is damaged or unreadable.
 */
export function openHostsStore(stateDir: string, options: HostsStoreOptions = {}): HostsStore {
  const file = openJsonFile<HostsFile>({
    path: join(stateDir, 'hosts.json'),
    schema: hostsFile,
    initial: { version: 1, hosts: [] },
    onProblem: options.onProblem,
  });
  return {
    file: file.read,
    list: () => file.read().hosts.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    add: async (host) => {
      requireMember(host);
      await file.update((state) => {
        const { hosts } = state;
        if (hosts.some(({ name }) => name === host.name)) {
          throw new RefusedError(
            'exists',
            `the host ${host.name} is let in already; for a new key or address remove it first (uapid fleet host remove)`,
          );
        }
        // With one key or address for two hosts nobody could tell which of them answers.
        for (const what of ['key', 'address'] as const) {
          const taken = hosts.find((each) => each[what] !== undefined && each[what] === host[what]);
          if (taken === undefined) continue;
          throw new RefusedError('exists', `that ${what} is the host ${taken.name}’s already`);
        }
        return { ...state, hosts: [...state.hosts, host] };
      });
    },
    remove: (wanted) =>
      file.update((state) => {
        const hosts = state.hosts.filter(({ name }) => name !== wanted);
        if (hosts.length < state.hosts.length) return { ...state, hosts };
        throw new RefusedError(
          'unknown',
          `there is no host ${JSON.stringify(wanted)} in this fleet`,
        );
      }),
  };
}

/** Throws RefusedError for what can be no member of a fleet. */
export function requireMember({ name, key, address, fingerprint, ca }: EnrolledHost): void {
  if (!memberName.safeParse(name).success) {
    const text = `${JSON.stringify(name)} is no name in a fleet: it takes 1 to 63 of a to z, 0 to 9 and -, and begins with no -`;
    throw new RefusedError('invalid', text);
  }
  if (address !== undefined && !isHttpsAddress(address)) {
    const text = `${JSON.stringify(address.replace(/^.*@/s, '…@'))} is not of the form https://HOST:PORT`;
    throw new RefusedError('invalid', text);
  }
  if (fingerprint !== undefined && !fingerprintForm.test(fingerprint)) {
    throw new RefusedError('invalid', 'that is no SHA-256 fingerprint: 32 bytes, AB:CD:…');
  }
  if (ca !== undefined && !isCertificate(ca)) {
    throw new RefusedError('invalid', 'the file of the authority holds no certificate in PEM form');
  }
  if (key === undefined ? address !== undefined : isConnectionKey(key)) return;
  // It may be the private half, which nobody should find in a terminal's history twice.
  throw new RefusedError(
    'invalid',
    'that is no public key of a fleet: U and 55 characters, as uapid fleet key prints it',
  );
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    return false;
  }
}
