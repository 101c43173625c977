import { hostname } from 'node:os';

const loopback = /^https?:\/\/(?:127\.|\[::1\]|localhost\b)/;
const wildcard = /^(https?:\/\/)(?:0\.0\.0\.0|\[::\])(?=:)/;

/**
 * Of the URLs that a server listens on the one to name to people: one that other hosts reach before one
 * that they do not, then plain HTTP before TLS, of whose certificate nothing has to be said then. The
 * address that stands for all of a host's is none that a browser takes: the host's name stands there.
 */
export function reachableUrl(urls: readonly string[], host = hostname()): string {
  const remote = urls.filter((url) => !loopback.test(url));
  const among = remote.length > 0 ? remote : urls;
  const url = among.find((each) => each.startsWith('http:')) ?? among[0] ?? '';
  return url.replace(wildcard, `$1${host}`);
}
