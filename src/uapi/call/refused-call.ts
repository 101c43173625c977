import type { CallRefusalReason } from '../../audit/audit-event.ts';
import type { CallContext, UapiFunction } from './define-function.ts';

/** Writes down that a call was refused that would have changed something. */
export function recordRefusedCall(
  { module, name }: Pick<UapiFunction, 'module' | 'name'>,
  { account, by, address, host }: Omit<CallContext, 'args' | 'kept'>,
  reason: CallRefusalReason,
): void {
  host.audit.record({
    event: 'call-refused',
    address,
    account: account.name,
    by,
    function: `${module}::${name}`,
    reason,
  });
}
