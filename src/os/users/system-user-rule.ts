/** Which system users are accounts without having been added, and whose. */
export interface SystemUserRule {
  readonly match:
    | { readonly kind: 'uids'; readonly from: number; readonly to: number }
    | { readonly kind: 'group'; readonly group: string };
  /** The reseller that they belong to; null for none. */
  readonly owner: string | null;
}

export const maxSystemUserRules = 100;

/** (uid_t)-1 is nobody. */
const maxUid = 0xffff_fffe;

const example = 'uids:1000-59999 or group:customers, with “=RESELLER” behind it for a reseller’s';

/** The rule of a text as `uids:2000-2999=shop`; else what is wrong with it. */
export function parseSystemUserRule(text: string): SystemUserRule | { readonly fault: string } {
  const [, kind, what = '', owner = null] = /^(uids|group):([^=]*)(?:=(.+))?$/.exec(text) ?? [];
  if (kind === undefined) return { fault: `${JSON.stringify(text)} is none of ${example}` };
  if (kind === 'group') {
    if (!/^[^\p{C}\p{Z}:/,+~-][^\p{C}\p{Z}:/,]{0,255}$/u.test(what)) {
      return { fault: `${JSON.stringify(what)} is no name of a group` };
    }
    return { match: { kind, group: what }, owner };
  }
  const [, first, last] = /^(\d{1,10})-(\d{1,10})$/.exec(what) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined) return { fault: `${JSON.stringify(what)} is no range as 1000-59999` };
  if (from < 1) return { fault: 'uid 0 is root, who is never an account' };
  if (to < from || to > maxUid) return { fault: `${JSON.stringify(what)} is no range of uids` };
  return { match: { kind: 'uids', from, to }, owner };
}
