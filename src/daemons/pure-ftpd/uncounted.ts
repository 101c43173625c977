import type { Process, ProcessFacts, ProcessIdentity } from '../../os/processes/process-table.ts';
import type { Gap } from '../../sessions/session.ts';
import { isSameProgram } from './candidates.ts';
import { type Finding, isProof, isRoots, type ProofContext } from './proof.ts';
import { looksLikePureFtpd } from './title.ts';

/** A process that looks like pure-ftpd and does not count, and what is to be said of it. */
export interface Uncounted {
  readonly process: ProcessIdentity;
  readonly gap: Gap;
}

/** What nobody but an administrator may learn of concerns root's uid, which no account stands for. */
const administrators = 0;

/**
 * What is to be said of a process that looks like pure-ftpd and that nothing proves to be one of its
 * masters or sessions: why it does not count, for administrators. A record that may not be read
 * could prove a session of the very user, who is told so too. Null for the like of its parent, and
 * for what is proven by `finding`.
 */
export function explain(
  facts: ProcessFacts,
  parent: ProcessFacts | null | undefined,
  finding: Finding,
  { table }: Pick<ProofContext, 'table'>,
): Gap | null {
  if (isProof(finding) || !looksLikePureFtpd(facts) || isLikeItsParent(facts, parent)) return null;
  const residence = table.residenceOf(facts);
  if (residence === 'other-user-namespace') return toAdministrators('daemon-in-user-namespace');
  if (residence === 'other-container') return toAdministrators('daemon-in-container');
  if (isRoots(facts)) return null;
  if (finding === 'unclear') return { cause: 'session-unproven', ownerUid: facts.uid };
  return toAdministrators('daemon-of-user');
}

/** The same for a process of root's that was read: null unless others may write its program. */
export function explainRoots(
  process: Process,
  parent: ProcessFacts | null | undefined,
): Gap | null {
  const isUntrusted = process.executable?.writableByRootOnly === false;
  return isUntrusted && !isLikeItsParent(process, parent)
    ? toAdministrators('daemon-untrusted')
    : null;
}

function toAdministrators(cause: Gap['cause']): Gap {
  return { cause, ownerUid: administrators };
}

function isLikeItsParent(facts: ProcessFacts, parent: ProcessFacts | null | undefined): boolean {
  if (parent == null) return false;
  const areNames = facts.executablePath === null && parent.executablePath === null;
  return isSameProgram(facts, parent) || (areNames && looksLikePureFtpd(parent));
}
