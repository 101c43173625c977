import type { Refusal } from '../messages/answer.ts';
import type { NoAnswer } from '../transport/transport.ts';

/** Why sessions of a host were not ended, or may not have been. */
export interface NotEnded {
  readonly outcome: 'refused' | 'unconfirmed';
  /** A sentence for whoever wanted their end. */
  readonly why: string;
}

const refused = (why: string): NotEnded => ({ outcome: 'refused', why });

/** What a gateway has lost that can ask nobody; each way of asking has its own. */
export type LostThing = 'messaging server' | 'network';

/** What callers are told when nobody can be asked. */
export const lostTexts: Readonly<Record<LostThing, string>> = {
  'messaging server':
    'The gateway has lost its messaging server, so no server of the fleet can be asked.',
  network: 'The gateway has no network to any server of the fleet, so none of them can be asked.',
};

export function notEnrolled(server: string): NotEnded {
  return refused(`The server “${server}” is not let in to this fleet; nothing was ended there.`);
}

export function clonedServer(server: string): NotEnded {
  return refused(
    `The server “${server}” is two machines (a copied key?), so nothing is ended there. Make a new key on one of them: uapid fleet key --new`,
  );
}

export function unsigned(server: string): NotEnded {
  return refused(
    `This gateway did not sign the request to “${server}” (was the server, the account or a place of it just removed?); nothing was ended there.`,
  );
}

/** It has answered, and nothing in that says whether it has done it. */
export function unclear(server: string): NotEnded {
  return {
    outcome: 'unconfirmed',
    why: `What the server “${server}” answered makes no sense; the session may or may not have ended.`,
  };
}

/** What is to be said where no answer came. */
export function ofNoAnswer(
  server: string,
  result: NoAnswer,
  { withinMs, lost }: { readonly withinMs: number; readonly lost: LostThing },
): NotEnded {
  if (result.kind === 'absent') {
    return refused(
      `The server “${server}” is not connected to the fleet; nothing was ended there.`,
    );
  }
  if (result.kind === 'shut-out') {
    return refused(
      `The server “${server}” has sent this gateway more than it was asked for and is not asked for ten minutes; nothing was ended there.`,
    );
  }
  if (result.kind === 'silent') {
    return {
      outcome: 'unconfirmed',
      why: `The server “${server}” did not confirm within ${withinMs / 1000} s; the session may or may not have ended.`,
    };
  }
  if (result.isUnsent === true) {
    return refused(`The gateway has lost its ${lost}; nothing was ended.`);
  }
  return {
    outcome: 'unconfirmed',
    why: `The gateway lost its ${lost} before “${server}” confirmed; the session may or may not have ended.`,
  };
}

/** Less than that is no clock's fault. */
const minOffMs = 1_000;

/** What is to be said of a refusal; `aheadMs` is how much that host's clock was ahead with it. */
export function ofRefusal(server: string, refusal: Refusal, aheadMs: number): NotEnded {
  switch (refusal) {
    case 'not-allowed':
      return refused(
        `The server “${server}” refuses to end sessions for a fleet (--fleet-allow on that server).`,
      );
    case 'expired':
      return Math.abs(aheadMs) < minOffMs
        ? refused(`The request came to “${server}” too late; nothing was ended there. Try again.`)
        : refused(
            `The clock of “${server}” is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead' : 'behind'}; it refuses to end sessions until that is mended.`,
          );
    case 'starting':
      return refused(
        `The server “${server}” has just started, and ends sessions for a fleet in three seconds; nothing was ended there. Try again.`,
      );
    case 'busy':
      // It was refused before anything of it was done.
      return refused(
        `The server “${server}” has as many requests at a time as it works on; nothing was ended there. Try again.`,
      );
    case 'failed':
      // Signals may have been sent before it broke off.
      return {
        outcome: 'unconfirmed',
        why: `The server “${server}” failed at it; the session may or may not have ended.`,
      };
    case 'replayed':
      // A copy of the request came first, and that one may have been carried out.
      return {
        outcome: 'unconfirmed',
        why: `The server “${server}” had that request before; the session may or may not have ended.`,
      };
    case 'unknown-verb':
    case 'malformed':
      return refused(
        `The server “${server}” is older than this gateway and ends nothing for it; nothing was ended there.`,
      );
    case 'no-address':
    case 'history-off':
    case 'history-unread':
    case 'history-slow':
    case 'history-busy':
    case 'not-for-me':
    case 'too-large':
    case 'needs-room':
      return refused(`The server “${server}” refused the request; nothing was ended there.`);
    case 'signature':
    case 'gateway-unknown':
      return refused(
        `The server “${server}” does not know this gateway, or knows another key of it (--fleet-gateways there); nothing was ended there.`,
      );
  }
}
