/**
 * The cgroup that a process is in, by the text of /proc/PID/cgroup (cgroups(7)): lines
 * "ID:CONTROLLERS:PATH". systemd's own hierarchy comes first, where there is one beside the unified:
 * all that sets up containers puts them there too. Paths are as this process' cgroup namespace has
 * them. Null without either, and for what lies outside of that namespace ("/../…"): what such a path
 * says depends on where this process is. Nothing is taken off a path: a name may end in what the kernel
 * marks a removed cgroup with, and no living process is in one.
 */
export function parseCgroup(text: string): string | null {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const pathOf = (controllers: string) =>
    lines.find((line) => line?.[1] === controllers)?.[2] ?? null;
  const path = pathOf('name=systemd') ?? pathOf('');
  return path === null || path.split('/').includes('..') ? null : path;
}

/** What a container is called by the cgroup that the program which runs it has put it into. */
export interface CgroupContainer {
  readonly kind: 'docker' | 'machine';
  /** Of docker the id, of 64 hexadecimal digits; of a machine its name. */
  readonly id: string;
}

/**
 * Only slices may stand above: systemd makes those for root alone, while below a service or another
 * container its user or its root makes cgroups of any name.
 */
const scopes: readonly [kind: CgroupContainer['kind'], pattern: RegExp][] = [
  ['docker', /^(?:\/[^/]+\.slice)*\/docker-([0-9a-f]{64})\.scope(?:\/|$)/],
  // Without systemd as dockerd's cgroup driver.
  ['docker', /^\/docker\/([0-9a-f]{64})(?:\/|$)/],
  // systemd-machined: of what registers there, and of systemd-nspawn@.service.
  ['machine', /^(?:\/[^/]+\.slice)*\/machine-([^/]+)\.scope(?:\/|$)/],
  ['machine', /^(?:\/[^/]+\.slice)*\/systemd-nspawn@([^/]+)\.service(?:\/|$)/],
];

/** Which container of docker's or machine of systemd's a cgroup is of; null for any other. */
export function containerOfCgroup(path: string): CgroupContainer | null {
  for (const [kind, pattern] of scopes) {
    const name = pattern.exec(path)?.[1];
    if (name !== undefined) return { kind, id: kind === 'machine' ? unescapeUnit(name) : name };
  }
  return null;
}

/** systemd.unit(5), "String escaping for inclusion in unit names": \xHH for a byte. */
function unescapeUnit(name: string): string {
  const bytes = name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return bytes === name ? name : Buffer.from(bytes, 'latin1').toString('utf8');
}
