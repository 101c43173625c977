import type { Process, ProcessFiles } from '../../os/processes/process-table.ts';
import type { RunningDaemon } from '../../sessions/session.ts';

/** What is told of a master process. */
export function describeMaster(master: Process, files: ProcessFiles | null): RunningDaemon {
  const sockets = files?.tcpSockets(master) ?? null;
  const ports = sockets?.filter(({ listening }) => listening).map(({ localPort }) => localPort);
  return {
    name: 'pure-ftpd',
    pid: master.pid,
    ports: ports === undefined ? null : [...new Set(ports)].sort((a, b) => a - b),
  };
}
