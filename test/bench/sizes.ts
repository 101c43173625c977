/** How large and how long everything is. */
export interface Sizes {
  readonly sessions: number;
  readonly manySessions: number;
  readonly unrelatedProcesses: number;
  /** Sessions that come and go while descriptors are counted. */
  readonly visits: number;
  /** HTTP connections of the load. */
  readonly connections: number;
  /** Rounds in which ours and the peers take turns. */
  readonly listRounds: number;
  /** Lists that nobody times, before the first that counts. */
  readonly warmUpLists: number;
  readonly loadRounds: number;
  readonly scanRounds: number;
  readonly scansARound: number;
  /** Seconds of one turn of the load, and of the load that the event loop is watched under. */
  readonly loadSeconds: number;
  readonly delaySeconds: number;
  /** Seconds without a sign of life before an idle server is watched, and of watching. */
  readonly calmSeconds: number;
  readonly idleSeconds: number;
  readonly memorySeconds: number;
  /** Simulated hosts of a fleet, and rounds of asking them. */
  readonly fleetHosts: number;
  readonly manyFleetHosts: number;
  readonly fleetRounds: number;
  /** Sessions of a session log that is asked, rounds of asking, and of those before that nobody times. */
  readonly pastSessions: number;
  readonly historyRounds: number;
  readonly historyWarmUps: number;
}

/** The sizes that the targets speak of; memory is watched for so many minutes. */
export function fullSizes(minutes: number): Sizes {
  return {
    sessions: 1_000,
    manySessions: 5_000,
    unrelatedProcesses: 3_000,
    visits: 10_000,
    connections: 64,
    listRounds: 40,
    warmUpLists: 1_000,
    loadRounds: 7,
    scanRounds: 8,
    scansARound: 20,
    loadSeconds: 3,
    delaySeconds: 10,
    calmSeconds: 12,
    idleSeconds: 20,
    memorySeconds: minutes * 60,
    fleetHosts: 1_000,
    manyFleetHosts: 3_000,
    fleetRounds: 15,
    pastSessions: 100_000,
    historyRounds: 15,
    historyWarmUps: 1,
  };
}

/** Just enough that every measure gives a number; the numbers mean nothing. */
export const quickSizes: Sizes = {
  sessions: 20,
  manySessions: 40,
  unrelatedProcesses: 30,
  visits: 30,
  connections: 8,
  listRounds: 2,
  warmUpLists: 2,
  loadRounds: 1,
  scanRounds: 2,
  scansARound: 2,
  loadSeconds: 0.3,
  delaySeconds: 0.5,
  calmSeconds: 0.3,
  idleSeconds: 0.5,
  memorySeconds: 1,
  fleetHosts: 20,
  manyFleetHosts: 40,
  fleetRounds: 1,
  pastSessions: 300,
  historyRounds: 1,
  historyWarmUps: 0,
};
