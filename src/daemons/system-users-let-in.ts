/** What a user of passwd(5) must be; root is never let in. */
export interface SystemUsersLetIn {
  /** Whether the shell has to be one of shells(5). */
  readonly needsShell: boolean;
  readonly minUid: number;
  isNamed(name: string): boolean;
}

/** All whose shell is one of shells(5), as most daemons and PAM's modules ask. */
export const everySystemUser: SystemUsersLetIn = {
  needsShell: true,
  minUid: 1,
  isNamed: () => true,
};
