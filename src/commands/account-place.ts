import type { Placement } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import { readPlacementList } from '../accounts/placement-list.ts';
import { readPlacement } from '../accounts/placements.ts';
import { listed } from '../lib/listed.ts';
import type { RecordChange } from './command-audit.ts';
import { printNote } from './output.ts';
import { readInput } from './read-input.ts';
import type { StateOptions } from './state-options.ts';
import { UsageError } from './usage-error.ts';

/** What `account place` is called with. */
export type PlaceOptions = StateOptions & {
  readonly on?: readonly string[];
  readonly nowhere?: boolean;
  readonly from?: string;
};

/**
 * Says on which hosts of a fleet accounts are, in place of what was said before; `letIn` are those that the
 * gateway asks. Rejects with UsageError or RefusedError, and then nothing has changed.
 */
export async function placeAccounts(
  store: AccountStore,
  record: RecordChange,
  letIn: readonly string[],
  name: string | undefined,
  options: PlaceOptions,
): Promise<void> {
  const wanted = await readWanted(name, options);
  await store.place(wanted);
  for (const [account, places] of wanted) {
    const role = store.find(account)?.role ?? 'user';
    record({ event: 'account-changed', account, role });
    const where = places.map(({ host, systemUser }) => `${host}:${systemUser}`).join(', ');
    printNote(`account ${account} is placed ${where === '' ? 'nowhere' : `on ${where}`}`);
  }
  const named = Array.from(wanted.values()).flatMap((places) => places.map(({ host }) => host));
  const strange = [...new Set(named)].filter((host) => !letIn.includes(host));
  if (strange.length > 0) {
    printNote(
      `warning: not let in to this fleet, so sessions there are told missing: ${listed(strange)}; uapid fleet host add lets one in`,
    );
  }
}

async function readWanted(
  name: string | undefined,
  { on = [], nowhere = false, from }: PlaceOptions,
): Promise<ReadonlyMap<string, readonly Placement[]>> {
  if (from !== undefined) {
    if (name === undefined && on.length === 0 && !nowhere) return readList(from);
    throw new UsageError(
      '--from names the accounts itself: give no name, --on or --nowhere with it',
    );
  }
  if (name === undefined) throw new UsageError('name an account, or a file with --from');
  if (nowhere === on.length > 0) throw new UsageError('say where, by --on HOST:USER, or --nowhere');
  return new Map([[name, on.map(readPlacement)]]);
}

async function readList(file: string): Promise<Map<string, readonly Placement[]>> {
  const { bytes, name } = await readInput(file);
  return readPlacementList(bytes, name);
}
