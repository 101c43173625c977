/** Letters, digits and -._~ mean the same whether they are escaped or not (RFC 3986, section 2.3). */
const escapedUnreserved = /%(?:2[de]|3\d|[46][1-9a-f]|[57][0-9a]|5f|7e)/gi;

/** What nearly every client sends: in origin form already, and without a query. */
const plainTarget = /^(?:\/[\w.~-]+)+$/;

/**
 * A request target in origin form (RFC 9112, section 3.2): an absolute form without its scheme and
 * authority, no escape where none is needed, and every run of slashes in the path as one, so that a
 * door is known by how its path begins. The query is left as it is.
 */
export function originForm(target: string): string {
  if (plainTarget.test(target)) return target;
  const relative = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = relative.search(/[?#]/);
  const path = end === -1 ? relative : relative.slice(0, end);
  const rest = end === -1 ? '' : relative.slice(end);
  const plain = path.replace(escapedUnreserved, decodeURIComponent);
  return `${plain.replace(/^(?!\/)|\/{2,}/g, '/')}${rest}`;
}
