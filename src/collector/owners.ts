/** Uids whose sessions are wanted; null for everybody's. */
export type Owners = ReadonlySet<number> | null;

export function isWanted(uid: number, owners: Owners): boolean {
  return owners === null || owners.has(uid);
}

/** Root's sessions belong to no account, whatever system user it stands for. */
export function withoutRoot(owners: readonly number[]): readonly number[] {
  return owners.filter((owner) => owner !== 0);
}
