/**
 * Wide on purpose: directories know names like `DOM\alice` and `host$`. What a line of passwd(5) or
 * an option of getent could take for something else is out.
 */
const systemUserName = /^[^\p{C}\p{Z}:/+~-][^\p{C}\p{Z}:/]{0,255}$/u;

/** Whether that text could be the name of a system user. */
export function isSystemUserName(name: string): boolean {
  return systemUserName.test(name);
}
