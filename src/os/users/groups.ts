import { parseEntries } from './entries.ts';

/** A group of group(5). */
export interface Group {
  readonly gid: number;
  /** Those whose own group is another. */
  readonly members: ReadonlySet<string>;
}

/** The groups in a text of group(5) lines, by name; the first line of a name counts. */
export function parseGroups(text: string): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  for (const line of text.split('\n')) {
    const [entry] = parseEntries(line);
    if (entry === undefined || groups.has(entry.name)) continue;
    const members = (line.split(':')[3] ?? '').split(',').map((name) => name.trim());
    groups.set(entry.name, { gid: entry.id, members: new Set(members.filter(Boolean)) });
  }
  return groups;
}
