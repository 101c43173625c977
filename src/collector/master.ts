import type { Process, ProcessFiles } from '../os/processes/process-table.ts';
import type { RunningDaemon } from '../sessions/session.ts';

/**
 * Tells of the masters of a daemon. A master's ports do not change, and finding them means reading
 * every connection of the host, so that is done once for each.
 */
export function createMasterList(
  name: string,
  files: ProcessFiles | null,
): (masters: readonly Process[]) => RunningDaemon[] {
  const described = new WeakMap<Process, RunningDaemon>();
  return (masters) =>
    masters.map((master) => {
      const daemon = described.get(master) ?? runningDaemonOf(name, master, files);
      described.set(master, daemon);
      return daemon;
    });
}

function runningDaemonOf(name: string, master: Process, files: ProcessFiles | null): RunningDaemon {
  const sockets = files?.tcpSockets(master) ?? null;
  const ports = sockets?.filter(({ listening }) => listening).map(({ localPort }) => localPort);
  return {
    name,
    pid: master.pid,
    ports: ports === undefined ? null : [...new Set(ports)].sort((a, b) => a - b),
  };
}
