/*
 * Every text of the page. Plain ones stand in the document by their name; what depends on something
 * is a function of it.
 */

const sessions = (count: number) => `${count} ${count === 1 ? 'session' : 'sessions'}`;

function wait(seconds: number): string {
  if (seconds < 90) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

export const texts = {
  title: 'FTP sessions',
  needsScripts: 'This page needs JavaScript to show sessions as they move.',

  loginNote: 'See who is connected by FTP to this server.',
  accountLabel: 'Account',
  passwordLabel: 'Password',
  logIn: 'Log in',
  loggingIn: 'Logging in…',
  wrongLogin: 'The account or the password is wrong.',
  throttled: (seconds: number) => `Too many failed attempts. Try again in ${wait(seconds)}.`,
  busy: (seconds: number) => `The server has too much to do. Try again in ${wait(seconds)}.`,
  unreachable: 'The server cannot be reached. Try again in a moment.',
  unexpected: (status: number) => `The server gave an unexpected answer (${status}). Try again.`,
  loginOver:
    'Your login has ended: the account or its password was changed, or it has been too long. Log in again.',
  loggedOut: 'You are logged out.',
  logOut: 'Log out',
  logOutFailed: 'Logging out failed: the server cannot be reached. You are still logged in.',

  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Connection lost',
  lostNote: (time: string) => `Connection lost. This is how it was at ${time}; trying again…`,
  neverConnected: 'The server cannot be reached; trying again…',
  backAgain: 'Connected again.',

  warnings: 'Warnings',
  failed: 'The list of sessions cannot be shown',
  caption: 'FTP sessions that are connected now',

  filterLabel: 'Filter',
  filterHint: 'User, address or file',
  filterHintWithAccounts: 'User, account, address or file',
  show: 'Show',
  all: 'All',
  downloads: 'Downloads',
  uploads: 'Uploads',
  idle: 'Idle',
  sortBy: 'Sort by',
  order: 'Order',
  ascending: 'Ascending',
  descending: 'Descending',

  user: 'User',
  owner: 'Account',
  from: 'From',
  since: 'Since',
  status: 'Status',
  file: 'File',
  progress: 'Progress',
  rate: 'Rate',
  action: 'Action',

  statuses: { DL: 'Download', UL: 'Upload', IDLE: 'Idle' },
  sending: 'Sending',
  bytesLeft: (bytes: string) => `${bytes} left`,
  unknown: 'unknown',
  unknownUser: 'unknown user',
  encrypted: 'FTPS',
  encryptedNote: 'The connection is encrypted',
  movedOf: (moved: string, total: string) => `${moved} of ${total}`,
  percent: (percent: number) => `${percent} %`,
  progressOf: (file: string) => `Progress of ${file}`,
  perSecond: (bytes: string) => `${bytes}/s`,

  nobody: 'Nobody is connected.',
  nothingSeen: 'No session can be seen.',
  noMatch: 'No session matches.',
  shown: (shown: number, all: number) =>
    shown === all ? sessions(all) : `${shown} of ${sessions(all)}`,
  nowConnected: (count: number) =>
    count === 0 ? 'Nobody is connected.' : `${sessions(count)} connected.`,
  zone: (zone: string) => `Times are in your time zone, ${zone}.`,

  end: 'End',
  ending: 'Ending…',
  endAll: (count: number) => (count === 1 ? 'End the session' : `End all ${count}`),
  endShown: (count: number) => `End the ${count} shown`,
  endOf: (user: string, from: string, since: string) =>
    `End session of ${user} from ${from} since ${since}`,
  endingHeading: 'End sessions?',
  cancel: 'Cancel',
  confirm: (count: number) => (count === 1 ? 'End session' : `End ${sessions(count)}`),
  askOne: (user: string) => `End the session of ${user}?`,
  askOneNote: (from: string, since: string) => `Connected from ${from} since ${since}.`,
  askTransfer: (file: string) => `The transfer of ${file} stops where it is.`,
  askAll: (count: number) => (count === 1 ? 'End the session?' : `End all ${sessions(count)}?`),
  askAllNote: 'Every session of this account ends, also one that has begun since.',
  askAllOfHost:
    'Every session of every account on this server ends, also one that has begun since.',
  askAllOfReseller:
    'Every session of this account and of the accounts that it owns ends, also one that has begun since.',
  askShown: (count: number) => `End the ${sessions(count)} shown?`,
  askShownNote: 'Sessions that the filter hides go on.',
  askTransfers: (count: number) =>
    count === 1 ? 'One transfer stops where it is.' : `${count} transfers stop where they are.`,
  ended: (count: number) => (count === 1 ? 'The session has ended.' : `${sessions(count)} ended.`),
  endFailed: 'Nothing was ended: the server cannot be reached.',
};
