import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { type Counts, startVisitedFtpd, type VisitedFtpd, type Visitor } from './ftp-visitors.ts';
import { startUapidOnCpanelPorts, type UapidOnCpanelPorts } from './uapid-on-cpanel-ports.ts';

/** What a test of a client has before it: a real server, and real sessions for it to list. */
export interface Scene {
  uapid: UapidOnCpanelPorts;
  /** One more FTP client, logged in as that user; it is no visitor. */
  connect: VisitedFtpd['connect'];
  /** All sessions, or those of a user, as a list that can be compared: see `inOrder`. */
  visitors(user?: string): readonly Visitor[];
}

const oneOfEach: Counts = { DL: 1, UL: 1, IDLE: 1 };

/** Sets the scene before the tests of the file (or of the describe around it), and clears it. */
export function setScene(
  counts: { alice: Counts; bob: Counts } = { alice: oneOfEach, bob: oneOfEach },
): Scene {
  let ftpd: VisitedFtpd | undefined;
  let uapid: UapidOnCpanelPorts | undefined;
  before(async () => {
    ftpd = await startVisitedFtpd(counts);
    uapid = await startUapidOnCpanelPorts();
  });
  after(async () => {
    await uapid?.stop();
    await ftpd?.stop();
  });
  return {
    get uapid() {
      assert.ok(uapid);
      return uapid;
    },
    connect(user) {
      assert.ok(ftpd);
      return ftpd.connect(user);
    },
    visitors(user) {
      const all = ftpd?.visitors ?? [];
      return inOrder(user === undefined ? all : all.filter((visitor) => visitor.user === user));
    },
  };
}

/** By pid. */
export function inOrder(visitors: readonly Visitor[]): Visitor[] {
  return visitors.toSorted((a, b) => a.pid - b.pid);
}

/**
 * The rows of an answer, in order, to be compared with the visitors; what cannot be known from the
 * outside is checked for its form alone. `pid` is a number, in API 2 a text.
 */
export function asVisitors(rows: unknown, pidType: 'number' | 'string' = 'number'): Visitor[] {
  assert.ok(Array.isArray(rows), `rows, not ${JSON.stringify(rows)}`);
  return inOrder(
    rows.map(({ cmdline, login, pid, ...row }) => {
      assert.match(cmdline, /^pure-ftpd \((?:IDLE|DOWNLOAD|UPLOAD)\)$/);
      assert.match(login, /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
      assert.equal(typeof pid, pidType);
      return { pid: Number(pid), ...row };
    }),
  );
}
