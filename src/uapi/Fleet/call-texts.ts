/* What a gateway says of a whole call; docs/fleet.md has each, made from here. */

/** Whoever sees other people’s sessions, or names a PID, says which server is meant. */
const sendServer = 'send server=NAME, too. Nothing was ended.';

export const callTexts = {
  unplaced: (account: string) => `The account “${account}” is placed on no server of this fleet.`,
  placedElsewhere: (account: string, server: string) =>
    `The account “${account}” is not placed on a server “${server}” of this fleet.`,
  noServerYet: 'No server is let in to this fleet yet: uapid fleet host add.',
  unknownServer: (server: string) => `There is no server “${server}” in this fleet.`,
  severalServers: (count: number) =>
    `This function answers for one server, and there are ${count} of this account’s: send server=NAME.`,
  loginOfSeveral: `One login is another person on each server of a fleet: ${sendServer}`,
  pidOfSeveral: `A PID is one of many in a fleet: ${sendServer}`,
  endNeedsServer:
    'Send server, pid and start of the session as Ftp::list_transfers gives them. Nothing was ended.',
  forAdministrators: 'The servers of the fleet are for administrators.',
} as const;
