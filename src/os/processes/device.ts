/**
 * A device number of stat(2) as "MAJOR:MINOR", which is how mountinfo has it. The bits are spread as
 * in glibc's sys/sysmacros.h, gnu_dev_major and gnu_dev_minor.
 */
export function formatDevice(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffffffffn}`;
}
