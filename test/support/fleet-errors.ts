import {
  clonedServer,
  lostTexts,
  notEnrolled,
  ofNoAnswer,
  ofRefusal,
  unclear,
  unsigned,
} from '../../src/fleet/gateway/ending-text.ts';
import { confirmWithinMs } from '../../src/fleet/gateway/fleet-ender.ts';
import { tooManyText } from '../../src/fleet/gateway/fleet-sessions.ts';
import { type Refusal, refusals } from '../../src/fleet/messages/answer.ts';
import { missingSummary, missingTexts } from '../../src/sessions/missing-text.ts';
import {
  type MissingCause,
  type MissingServer,
  missingCauses,
} from '../../src/sessions/servers.ts';
import { callTexts } from '../../src/uapi/Fleet/call-texts.ts';

/* The errors of docs/fleet.md that the gateway itself says, each made by the code that says it. */

type Row = readonly [text: string, means: string];

const server = 'web1';
const code = (text: string) => `\`${text}\``;

/** What to do, by cause. */
const ofCauses: Record<Exclude<MissingCause, 'refused'>, string> = {
  absent: 'its uapid, its network or its key: `uapid fleet check` there says which',
  silent: 'it is connected, and hangs or has more to do than it can: see its log',
  busy: '64 requests are under way there; it was asked again for 0.4 s',
  'not-asked': 'so many hosts were silent that the 2 s were over: mend those first',
  unsigned: 'it was just removed, or the monitor of the gateway could not sign: see its log',
  malformed: 'another version of uapid, or none',
  cloned: 'a machine was copied with its key',
  'not-enrolled': '`uapid fleet host add`, or `uapid account place` without it',
};

/** What to do about a host that refuses; null where none refuses a list so. */
const ofRefusals: Record<Refusal, string | null> = {
  signature: 'give it the key that `uapid fleet key` prints on the gateway',
  'gateway-unknown': '`--fleet-gateways` there does not name this gateway',
  replayed: 'somebody else sent the request first: who has this gateway’s connection?',
  'not-for-me': '`--fleet-host` there and the name in `uapid fleet host list` have to be the same',
  'unknown-verb': 'update it',
  'not-allowed': null,
  expired: 'set the clocks by NTP',
  starting: null,
  malformed: 'update the older one',
  failed: 'see its log',
  'too-large': 'ask by `server=` and for fewer accounts',
  'needs-room': 'sessions come faster than it is asked: ask again',
  busy: null,
  'no-address': 'write an address or a range such as 192.0.2.0/24',
  'history-off': 'start it with `--session-log`',
  'history-unread': 'see its log',
  'history-slow': 'ask for a shorter time',
  'history-busy': 'ask again',
};

/** What is said of a call to a gateway whose caller lacks something, by what it says itself. */
export function callerTexts(): Record<keyof typeof callTexts, string> {
  return {
    ...callTexts,
    unplaced: callTexts.unplaced('alice'),
    placedElsewhere: callTexts.placedElsewhere('alice', 'web2'),
    unknownServer: callTexts.unknownServer('web9'),
    severalServers: callTexts.severalServers(2),
  };
}

/** What is said of a whole call, and what to do. */
export function callErrors(): readonly Row[] {
  const absent = ['web1', 'web2', 'web3'].map(
    (each) => ({ server: each, cause: 'absent' }) as const,
  );
  const said = callerTexts();
  const means: Record<keyof typeof callTexts, string> = {
    unplaced: '`uapid account place`; of a list a warning, and the list is empty',
    placedElsewhere: 'it has no place there: `uapid account place`, or another `server=`',
    noServerYet: 'let hosts in; of a list a warning, and the list is empty',
    unknownServer: '`uapid fleet host list` has their names',
    severalServers: '`Fleet::count_sessions` has their names',
    loginOfSeveral:
      'to administrators and resellers, who see sessions of several people: `Ftp::list_transfers` has `server`',
    pidOfSeveral: '`Ftp::list_transfers` has `server`',
    endNeedsServer: '`Ftp::end_session` takes all three or nothing',
    forAdministrators:
      '`Fleet::count_sessions` tells an account of the servers that it is placed on',
  };
  const names = Object.keys(means) as (keyof typeof callTexts)[];
  return [
    [code(missingSummary(absent)), 'each cause stands in the next table'],
    [code(lostTexts['messaging server']), 'the gateway’s log says why; no host is to blame'],
    [code(lostTexts.network), 'over https, likewise'],
    [code(tooManyText()), '`Fleet::count_sessions` tells where they are'],
    ...names.map((name): Row => [code(said[name]), means[name]]),
  ];
}

/** A sentence for each cause and refusal, and what to do. */
export function listErrors(): readonly Row[] {
  const textOf = (missing: MissingServer) => code(missingTexts([missing])[0]?.text ?? '');
  const answeredAt = Date.UTC(2030, 3, 23, 10, 31, 2);
  const causes = missingCauses.flatMap((cause): Row[] =>
    cause === 'refused' ? [] : [[textOf({ server, cause, answeredAt }), ofCauses[cause]]],
  );
  const refused = refusals.flatMap((refusal): Row[] => {
    const means = ofRefusals[refusal];
    return means === null ? [] : [[textOf({ server, cause: 'refused', refusal }), means]];
  });
  const many = ['web3', 'web7'].map((each) => ({ server: each, cause: 'absent' }) as const);
  return [...causes, ...refused, [code(missingTexts(many)[0]?.text ?? ''), 'as of one']];
}

/** Every sentence of an ending that was not confirmed, and what to do. */
export function endingErrors(): readonly Row[] {
  const within = { withinMs: confirmWithinMs } as const;
  const lost = { ...within, lost: 'messaging server' } as const;
  const overHttps = { ...within, lost: 'network' } as const;
  const aheadMs = 94_000;
  const look = 'ask for the list again: whether it is there still';
  const said: Row[] = [
    [ofRefusal(server, 'not-allowed', 0).why, 'start it with `--fleet-allow list,end`'],
    [ofNoAnswer(server, { kind: 'silent' }, lost).why, look],
    [ofNoAnswer(server, { kind: 'lost' }, lost).why, look],
    [ofNoAnswer(server, { kind: 'lost' }, overHttps).why, `over https; ${look}`],
    [unclear(server).why, look],
    [ofRefusal(server, 'failed', 0).why, `${look}; see its log`],
    [ofRefusal(server, 'replayed', 0).why, `somebody has sent a copy first; ${look}`],
    [ofNoAnswer(server, { kind: 'lost', isUnsent: true }, lost).why, 'see the gateway’s log'],
    [ofNoAnswer(server, { kind: 'lost', isUnsent: true }, overHttps).why, 'over https, likewise'],
    [ofNoAnswer(server, { kind: 'absent' }, lost).why, '`uapid fleet check` there says why'],
    [ofNoAnswer(server, { kind: 'shut-out' }, lost).why, 'it is no uapid, or a broken one'],
    [ofRefusal(server, 'expired', aheadMs).why, 'set the clocks by NTP'],
    [ofRefusal(server, 'expired', -aheadMs).why, 'likewise'],
    [ofRefusal(server, 'expired', 0).why, 'the way there took more than ten seconds'],
    [ofRefusal(server, 'starting', 0).why, 'so nothing of its earlier run is done again'],
    [
      ofRefusal(server, 'busy', 0).why,
      '64 requests are under way there; nothing of it was carried out',
    ],
    [unsigned(server).why, 'or more requests came than 500 at once and 10 a second'],
    [notEnrolled(server).why, '`uapid fleet host add`'],
    [clonedServer(server).why, 'a machine was copied with its key'],
    [
      ofRefusal(server, 'signature', 0).why,
      '`--fleet-gateways` there: the key that `uapid fleet key` prints on the gateway',
    ],
    [ofRefusal(server, 'malformed', 0).why, 'update it'],
    [ofRefusal(server, 'not-for-me', 0).why, 'it goes by another name there, or its log says why'],
  ];
  return said.map(([text, means]) => [code(text), means]);
}

/** What an ending's table has to have: whatever a host may refuse. */
export function endingTexts(): readonly string[] {
  return refusals.map((refusal) => code(ofRefusal(server, refusal, 0).why));
}
