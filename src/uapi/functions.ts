import type { UapiFunction } from './call/define-function.ts';
import { endSession } from './Ftp/end_session.ts';
import { getFtpDaemonInfo } from './Ftp/get_ftp_daemon_info.ts';
import { getPort } from './Ftp/get_port.ts';
import { killSession } from './Ftp/kill_session.ts';
import { listFtp } from './Ftp/list_ftp.ts';
import { listFtpWithDisk } from './Ftp/list_ftp_with_disk.ts';
import { listHistory } from './Ftp/list_history.ts';
import { listHistoryFiles } from './Ftp/list_history_files.ts';
import { listSessions } from './Ftp/list_sessions.ts';
import { listTransfers } from './Ftp/list_transfers.ts';
import { serverName } from './Ftp/server_name.ts';
import { getServerInfo } from './Uapid/get_server_info.ts';

const ofFtp: readonly UapiFunction[] = [
  listSessions,
  listTransfers,
  listHistory,
  listHistoryFiles,
  listFtp,
  listFtpWithDisk,
  getFtpDaemonInfo,
  getPort,
  serverName,
  killSession,
  endSession,
];

/** Every function that this server answers. */
export const functions: readonly UapiFunction[] = [...ofFtp, getServerInfo(ofFtp)];
