import type { Process } from '../../../../src/os/processes/process-table.ts';

export const uids = { root: 0, nobody: 65_534, alice: 62_001, bob: 62_002 } as const;

/** A process of a vsftpd without titles; what runs as a user has the groups of the user. */
export function vsftpdProcess(change: Partial<Process>): Process {
  const uid = change.uid ?? uids.root;
  const path = '/usr/sbin/vsftpd';
  return {
    pid: 100,
    parentPid: 1,
    startTime: '1',
    startedAtMs: 0,
    title: path,
    uid,
    realUid: uid,
    isWhollyRoot: uid === uids.root,
    hasGroups: uid !== uids.root && uid !== uids.nobody,
    isInputSocket: false,
    name: 'vsftpd',
    executablePath: path,
    executable: { path, identity: '8:1', writableByRootOnly: true },
    ...change,
  };
}
