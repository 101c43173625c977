/** The names of all daemons that can be looked at, for who tells of them also when none was seen. */
export const daemonNames: readonly string[] = ['pure-ftpd'];
