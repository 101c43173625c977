/**
 * The process title in the bytes of /proc/PID/cmdline: all up to the first NUL. What stands behind
 * it are other arguments, or what a shorter title left of the old ones.
 */
export function parseCmdline(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
