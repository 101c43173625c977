import type { RefusalReason } from '../audit/audit-event.ts';
import { RetryLaterError } from '../http/retry-later-error.ts';
import type { AuthenticationServices } from './authenticate.ts';
import type { VerificationQueue } from './verification-queue.ts';

/** How many claims to be an account were refused, and why. `overloaded`: nobody could look at it soon. */
export type RefusalCounts = Record<RefusalReason | 'overloaded', number>;

type Counted = Pick<AuthenticationServices, 'throttle' | 'audit'> & {
  readonly verifications: VerificationQueue;
};

export function createRefusalCounts(): RefusalCounts {
  return { credentials: 0, 'not-administrator': 0, throttled: 0, overloaded: 0 };
}

/**
 * The same throttle, queue and audit, which add refusals to `counts`. What the throttle holds off is
 * counted at the throttle, as the audit log has one line for a whole block, and what finds no place in
 * the queue at the queue, as the audit log has none.
 */
export function countRefusals(
  { throttle, audit, verifications }: Counted,
  counts: RefusalCounts,
): Counted {
  return {
    verifications: {
      run: async (applicant, task) => {
        try {
          return await verifications.run(applicant, task);
        } catch (error) {
          if (error instanceof RetryLaterError) counts.overloaded += 1;
          throw error;
        }
      },
      get size() {
        return verifications.size;
      },
    },
    throttle: {
      begin: (address, account) => {
        const begun = throttle.begin(address, account);
        if (!begun.isAllowed) counts.throttled += 1;
        return begun;
      },
      allows: throttle.allows,
      passed: throttle.passed,
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
