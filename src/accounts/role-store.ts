import { join } from 'node:path';
import * as z from 'zod';
import { openJsonFile } from '../state/json-file.ts';
import type { RoleFlags, ServerRole } from './account.ts';
import type { StoreOptions } from './account-store.ts';

/** Every role that can be switched off. */
export const serverRoles: readonly ServerRole[] = ['FTP'];

/** What roles.json holds; a role that it does not name is enabled. */
const rolesFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  enabled: z.strictObject({ FTP: z.boolean().default(true) }),
});

export type RolesFile = z.infer<typeof rolesFile>;

/** What answers for roles, from wherever `read` has the file's content of this moment. */
export function createRoleFlags(read: () => RolesFile): RoleFlags {
  return { isEnabled: (role) => read().enabled[role] };
}

/** The role flags with what changes them; a change by another process shows at the next use. */
export interface RoleStore extends RoleFlags {
  /** The file's content of this moment: the same object while it does not change. */
  file(): RolesFile;
  set(role: ServerRole, enabled: boolean): Promise<void>;
}

/**
 * The role flags in `roles.json` of the state directory. Creates nothing until the first change.
 * Throws StateFileError when the file is damaged or unreadable.
 */
export function openRoleStore(stateDir: string, options: StoreOptions = {}): RoleStore {
  const file = openJsonFile<RolesFile>({
    path: join(stateDir, 'roles.json'),
    schema: rolesFile,
    initial: { version: 1, enabled: { FTP: true } },
    onProblem: options.onProblem,
  });
  return {
    ...createRoleFlags(file.read),
    file: file.read,
    set: (role, enabled) =>
      file.update((state) => ({
        ...state,
        enabled: { ...state.enabled, [role]: enabled },
      })),
  };
}
