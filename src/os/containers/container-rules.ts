import { containerOfCgroup } from './cgroup.ts';
import { createDockerNames } from './docker-names.ts';
import { matchesGlob, matchingCgroup } from './glob.ts';
import { type ContainerRule, type Match, parseMatch } from './rule.ts';

/** A container that the configuration names. */
export interface NamedContainer {
  /** For people, as `docker:NAME`; a docker container's short id where its name cannot be read. */
  readonly name: string;
  readonly account: string;
}

/** The first digits of an id are shown for it. */
const idPrefix = /^[0-9a-f]{12,64}$/;

/** An id is matched as it stands: by `a*` every sixteenth would be, whatever its container is called. */
function isIdOf(text: string, id: string): boolean {
  return idPrefix.test(text) && id.startsWith(text);
}

/**
 * Tells of a cgroup's path which container of the configuration it is of, by the first rule that
 * matches; null for all others. Everything that it goes by was chosen by root of this host, or by
 * those whom root lets run containers: the path by the program that runs the container, a docker
 * container's name by dockerd. What is inside of a container can make cgroups below its own alone,
 * and those are of the same container; so can a user below a cgroup that was delegated to that user,
 * and there no name counts (`containerOfCgroup`, `parseMatch`).
 */
export function createContainerRules(
  rules: readonly ContainerRule[],
  dockerDataRoot: string,
): (cgroup: string) => NamedContainer | null {
  const parsed = rules.flatMap(({ match, account }) => {
    const read = parseMatch(match);
    return 'fault' in read ? [] : [{ ...read, account }];
  });
  const dockerName = createDockerNames(dockerDataRoot);

  function nameFor({ kind, glob }: Match, cgroup: string): string | null {
    if (kind === 'cgroup') {
      const path = matchingCgroup(cgroup, glob);
      return path === null ? null : `cgroup:${path}`;
    }
    const container = containerOfCgroup(cgroup);
    if (container?.kind !== kind) return null;
    const { id } = container;
    if (kind === 'machine') return matchesGlob(id, glob) ? `machine:${id}` : null;
    const name = dockerName(id);
    const isMatch = isIdOf(glob, id) || (name !== null && matchesGlob(name, glob));
    return isMatch ? `docker:${name ?? id.slice(0, 12)}` : null;
  }

  return (cgroup) => {
    for (const rule of parsed) {
      const name = nameFor(rule, cgroup);
      if (name !== null) return { name, account: rule.account };
    }
    return null;
  };
}
