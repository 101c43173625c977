import type { RefusalReason } from '../audit/audit-event.ts';
import type { Guard } from './guard.ts';

/** How many claims to be an account were refused, and why. */
export type RefusalCounts = Record<RefusalReason, number>;

export function createRefusalCounts(): RefusalCounts {
  return { credentials: 0, 'not-administrator': 0, throttled: 0 };
}

/**
 * The same throttle and audit, which add refusals to `counts`. What the throttle holds off is
 * counted at the throttle: the audit log has one line for a whole block.
 */
export function countRefusals(
  { throttle, audit }: Pick<Guard, 'throttle' | 'audit'>,
  counts: RefusalCounts,
): Pick<Guard, 'throttle' | 'audit'> {
  return {
    throttle: {
      begin: (address, account) => {
        const begun = throttle.begin(address, account);
        if (!begun.isAllowed) counts.throttled += 1;
        return begun;
      },
      allows: throttle.allows,
      get size() {
        return throttle.size;
      },
    },
    audit: {
      record: (event) => {
        const isRefusal = event.event === 'login-refused' || event.event === 'access-refused';
        if (isRefusal && event.reason !== 'throttled') counts[event.reason] += 1;
        audit.record(event);
      },
    },
  };
}
