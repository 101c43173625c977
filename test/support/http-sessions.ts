import { formatCtime } from '../../src/lib/ctime.ts';
import { type ResolvedScope, sessionFilter } from '../../src/sessions/scope.ts';
import type { SessionSource } from '../../src/sessions/session.ts';
import { ftpSession, snapshot } from './app.ts';

const alice = ftpSession();
const bob = ftpSession({
  pid: 7001,
  ownerUid: 1002,
  user: 'bob',
  title: 'pure-ftpd (DOWNLOAD)',
  state: 'download',
  file: 'ä/"q".iso',
});

/** Two sessions: pid 6735 is alice's (uid 1001), pid 7001 is bob's (uid 1002). */
export const twoSessions: SessionSource = {
  snapshot: async (scope) =>
    snapshot({ sessions: [alice, bob].filter(sessionFilter(scope as ResolvedScope)) }),
};

const login = formatCtime(new Date(1_587_651_803_000));

/** The rows of `twoSessions` as JSON, in UAPI's form. */
export const aliceRow = `{"cmdline":"pure-ftpd (IDLE)","file":"","host":"192.0.2.7","login":"${login}","pid":6735,"status":"IDLE","user":"alice"}`;
export const bobRow = `{"cmdline":"pure-ftpd (DOWNLOAD)","file":"ä/\\"q\\".iso","host":"192.0.2.7","login":"${login}","pid":7001,"status":"DL","user":"bob"}`;

/** The same in the form of API 2, where a pid is a text. */
export const inApi2 = (row: string) => row.replace(/"pid":(\d+)/, '"pid":"$1"');

/** The three envelopes around the JSON of some rows of Ftp::list_sessions. */
export const flat = (...rows: string[]) =>
  `{"data":[${rows.join(',')}],"errors":null,"messages":null,"metadata":{"transformed":1},"status":1,"warnings":null}`;
export const wrapped = (...rows: string[]) =>
  `{"apiversion":3,"func":"list_sessions","module":"Ftp","result":${flat(...rows)}}`;
export const api2 = (...rows: string[]) =>
  `{"cpanelresult":{"apiversion":2,"func":"listftpsessions","module":"Ftp","event":{"result":1},"data":[${rows.map(inApi2).join(',')}]}}`;
export const outer = (...rows: string[]) =>
  `{"data":{"uapi":${flat(...rows)}},"metadata":{"command":"uapi_cpanel","reason":"OK","result":1,"version":1}}`;
