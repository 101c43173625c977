import { type Choice, choose, type SortKey, sortKeys } from '../page/browser/choice.ts';
import { isSending, type SessionRow } from './session-table.ts';

export { type SortKey, sortKeys };

/** Which sessions are shown, and in which order. */
export interface SessionOrder {
  readonly key: SortKey;
  /** Against the order that the column has by itself. */
  readonly isReversed: boolean;
  /** Only those with a transfer. */
  readonly isActive: boolean;
  /** Only those with this in user, owner, address, file or path, in any case. */
  readonly text: string;
}

export const defaultOrder: SessionOrder = {
  key: 'since',
  isReversed: false,
  isActive: false,
  text: '',
};

/** Of these the greatest is what one looks for. */
const greatestFirst: readonly SortKey[] = ['progress', 'rate'];

export function isDescending({ key, isReversed }: SessionOrder): boolean {
  return greatestFirst.includes(key) !== isReversed;
}

/** The rows to show, in order; what a column does not tell comes last. */
export function orderRows(rows: readonly SessionRow[], order: SessionOrder): SessionRow[] {
  const choice: Choice = {
    text: order.text,
    status: 'ALL',
    key: order.key,
    isDescending: isDescending(order),
  };
  const chosen = rows.filter((row) => !order.isActive || row.status !== 'IDLE' || isSending(row));
  return choose(chosen, choice) as SessionRow[];
}

/** The same order by the next column. */
export function byNextColumn(order: SessionOrder): SessionOrder {
  const keys: readonly SortKey[] = sortKeys;
  const index = keys.indexOf(order.key);
  const key = sortKeys[(index + 1) % sortKeys.length] ?? order.key;
  return { ...order, key, isReversed: false };
}
