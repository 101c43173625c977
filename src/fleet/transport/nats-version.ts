/** The oldest nats-server that a fleet may use: it lets nobody read or publish beyond what it is told. */
const floor = [2, 10, 27] as const;

/** CVE-2026-33249: a client makes the server send a message to any subject. */
const holed = [
  { from: [2, 11, 0], to: [2, 11, 14] },
  { from: [2, 12, 0], to: [2, 12, 5] },
] as const;

type Version = readonly number[];

/** Why a fleet does not use a nats-server of that version, in a sentence; null where it may. */
export function natsVersionProblem(text: string): string | null {
  const version = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number);
  if (version === undefined)
    return `nats-server tells no version (${JSON.stringify(text.slice(0, 32))})`;
  if (compare(version, floor) < 0) {
    return `nats-server ${version.join('.')} has known holes; use 2.10.27, or 2.14.3 or newer`;
  }
  const isHoled = holed.some(
    ({ from, to }) => compare(version, from) >= 0 && compare(version, to) <= 0,
  );
  if (!isHoled) return null;
  return `nats-server ${version.join('.')} lets one host disturb another’s answers (CVE-2026-33249); use 2.10.27, or 2.14.3 or newer`;
}

function compare(one: Version, other: Version): number {
  const index = one.findIndex((part, at) => part !== other[at]);
  return index < 0 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}
