/** The code that goes with each sentence of errors and warnings, written without looking at ours. */
const codes: readonly (readonly [sentence: RegExp, code: string])[] = [
  [/^Access denied\. Valid credentials/, 'unauthorized'],
  [/^Failed to load module/, 'module-unknown'],
  [/^The system could not find the function/, 'function-unknown'],
  [/ role is disabled on this server\.$/, 'role-disabled'],
  [/^You do not have the feature/, 'feature-missing'],
  [/and this API token may only read/, 'token-read-only'],
  [/a page of another site may not call it/, 'other-site'],
  [/so it wants GET or POST/, 'method-unsuitable'],
  [/^There is no such FTP session/, 'session-unknown'],
  [/^uapid sees no FTP daemon/, 'no-daemon'],
  [/^The FTP daemon is \S+, which this function has no name for/, 'daemon-nameless'],
  [/hides other users’ processes/, 'processes-hidden'],
  [/^The port that \S+ listens on cannot be seen/, 'daemon-unseen'],
  [/Try again in \d+ s\.$/, 'too-busy'],
  [/^There is nothing at this address|^The method \S+ is not allowed/, 'request-refused'],
  [/^The request /, 'request-refused'],
  [/^Internal error/, 'internal'],
  [/this server has no such user\.$/, 'system-user-unknown'],
  [/which is root: root’s sessions/, 'system-user-is-root'],
  [/^vsftpd does not tell the user/, 'vsftpd-user-unknown'],
  [/login of some session cannot be told/, 'login-unproven'],
  [/^Sessions are left out that bear one of these/, 'history-unproven'],
];

/** The code of a sentence; of one that is not in the list it is an argument's. */
export function codeOf(sentence: string): string {
  return codes.find(([pattern]) => pattern.test(sentence))?.[1] ?? 'argument-invalid';
}
