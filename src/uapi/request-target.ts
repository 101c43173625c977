/**
 * A request target in origin form (RFC 9112, section 3.2): an absolute form without its scheme and
 * authority, and every run of slashes in the path as one, so that a door is known by how its path
 * begins. The query is left as it is.
 */
export function originForm(target: string): string {
  const relative = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = relative.search(/[?#]/);
  const path = end === -1 ? relative : relative.slice(0, end);
  const rest = end === -1 ? '' : relative.slice(end);
  return `${path.replace(/^(?!\/)|\/{2,}/g, '/')}${rest}`;
}
