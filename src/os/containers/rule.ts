/** A rule of the configuration: whose the daemons of some containers are. */
export interface ContainerRule {
  /** `docker:GLOB`, `machine:GLOB` or `cgroup:GLOB`. */
  readonly match: string;
  /** The account that all sessions there belong to. */
  readonly account: string;
}

/** What a rule goes by. */
export type ContainerKind = 'docker' | 'machine' | 'cgroup';

export interface Match {
  readonly kind: ContainerKind;
  readonly glob: string;
}

/** No configuration has more rules than this. */
export const maxContainerRules = 1_000;

const maxGlobLength = 1_000;

/** Reads what a rule matches, or says what is wrong with it. */
export function parseMatch(text: string): Match | { readonly fault: string } {
  const [, kind, glob] = /^(docker|machine|cgroup):(.+)$/s.exec(text) ?? [];
  const quoted = JSON.stringify(text.slice(0, 100));
  if (kind === undefined || glob === undefined) {
    return { fault: `${quoted} is not docker:NAME, machine:NAME or cgroup:/PATH` };
  }
  if (glob.length > maxGlobLength) return { fault: `${quoted}… is too long` };
  if (kind === 'cgroup') {
    // Of "/" every process of the host is.
    const isPath = /^(?:\/[^/]+)+$/.test(glob) && !/\/\.\.?(?:\/|$)/.test(glob);
    if (!isPath) return { fault: `${quoted}: a cgroup is a path as /machine.slice/NAME` };
    // Below what is not named, others than root may make cgroups of any name.
    if (/[*?][^/]*\//.test(glob)) {
      return { fault: `${quoted}: only the last part of a cgroup’s path may have “*” or “?”` };
    }
  } else if (glob.includes('/')) {
    return { fault: `${quoted}: no name of a container has a “/”` };
  }
  return { kind: kind as ContainerKind, glob };
}
