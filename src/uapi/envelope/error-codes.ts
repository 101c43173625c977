/** What a failure's code tells a program; the sentence in `errors` tells people. */
export const errorCodes = {
  'argument-invalid': 'An argument, or the body that holds them, cannot be taken.',
  'module-unknown': 'There is no such module.',
  'function-unknown': 'The module has no such function.',
  'role-disabled': 'The server role that the function needs is switched off.',
  'feature-missing': 'The account lacks the feature that the function needs.',
  'token-read-only': 'The API token may only read, and the call changes something.',
  'other-site': 'A page of another site may not call what changes something.',
  'method-unsuitable': 'What changes something wants GET or POST.',
  'daemon-unseen': 'The FTP daemon, or what was asked of it, cannot be seen.',
  'scope-too-large':
    'The account stands for more system users and FTP logins than can be asked for at once.',
  'session-unknown': 'There is no such session of the account’s.',
  'session-not-ended': 'None of the sessions that were to be ended has ended.',
  'session-unconfirmed':
    'A server of the fleet did not confirm the end of sessions: they may or may not have ended.',
  'history-off': 'This server keeps no session log.',
  'history-unread': 'The session log cannot be read, or not in time.',
  'not-administrator': 'The function is for administrators.',
  'server-unknown': 'The account has no such server in the fleet.',
  'server-needed': 'In a fleet the call has to name one server, by “server”.',
  'servers-missing': 'complete=1 was asked for, and some server did not answer.',
  'no-server-answered': 'None of the servers that were asked in the fleet has answered.',
  'fleet-connection-lost':
    'The gateway of the fleet has lost its messaging server, or its network to all servers.',
  'not-at-gateway': 'The function answers for one host alone, and this is the gateway of a fleet.',
  'too-many-sessions': 'There are more sessions than one answer holds.',
  'too-busy': 'Others, or the account’s own calls, have to be done first: try again.',
  unauthorized: 'There were no valid credentials.',
  'request-refused': 'The request itself was refused; the HTTP status says why.',
  internal: 'Something failed inside uapid; its log has the cause.',
} as const;

export type ErrorCode = keyof typeof errorCodes;
