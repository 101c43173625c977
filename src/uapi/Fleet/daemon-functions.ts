import { warningsOfGaps } from '../../daemons/gap-text.ts';
import { withoutUndefined } from '../../fleet/gateway/read-answer.ts';
import type { Item } from '../../fleet/messages/item.ts';
import { createTurns, type Turns } from '../../lib/turns.ts';
import type { Gap, RunningDaemon } from '../../sessions/session.ts';
import { ApiError } from '../call/api-error.ts';
import { type CallContext, defineFunction } from '../call/define-function.ts';
import { accountsIn, type FtpAccounts } from '../Ftp/ftp-accounts.ts';
import { daemonInfo, getFtpDaemonInfo, isPublished } from '../Ftp/get_ftp_daemon_info.ts';
import { getPort, portOf } from '../Ftp/get_port.ts';
import { listFtp, toFtpRow } from '../Ftp/list_ftp.ts';
import { listFtpWithDisk, toDiskRow } from '../Ftp/list_ftp_with_disk.ts';
import { type DaemonAbsence, daemonIn, type KnownDaemon } from '../Ftp/running-daemon.ts';
import { nameOf, serverName } from '../Ftp/server_name.ts';
import { requireReader } from './fleet-scope.ts';
import { oneServer, scopeOfOneServer } from './one-server.ts';

/* What a gateway tells of one server of its fleet: its daemons and FTP accounts. */

const atGateway =
  'This is the gateway of a fleet: the answer is about the server that server= names, which may be left out by an account that is placed on one alone.';
const parameters = { server: oneServer };

/** A host is asked anew by each call, so an account asks once at a time, and so many of its calls wait. */
const maxWaiting = 100;
const keep = () => createTurns(maxWaiting);

export const getFleetPort = defineFunction({
  ...getPort,
  description: `${getPort.description} ${atGateway}`,
  parameters,
  run: async (context) => portOf(await daemonOf(context)),
});

export const getFleetDaemonInfo = defineFunction({
  ...getFtpDaemonInfo,
  description: `${getFtpDaemonInfo.description} ${atGateway}`,
  parameters,
  run: async (context) => daemonInfo(await daemonOf(context, isPublished)),
});

export const fleetServerName = defineFunction({
  ...serverName,
  description: `${serverName.description} ${atGateway}`,
  parameters,
  run: async (context) => nameOf(await daemonOf(context)),
});

export const listFleetFtp = defineFunction({
  ...listFtp,
  description: `${listFtp.description} ${atGateway}`,
  parameters: { ...listFtp.parameters, ...parameters },
  keep,
  run: async (context) => {
    const { accounts, warnings } = await accountsOf(context);
    return { data: accounts.map(toFtpRow), warnings };
  },
});

export const listFleetFtpWithDisk = defineFunction({
  ...listFtpWithDisk,
  description: `${listFtpWithDisk.description} ${atGateway}`,
  parameters: { ...listFtpWithDisk.parameters, ...parameters },
  keep,
  run: async (context) => {
    const { accounts, warnings } = await accountsOf(context);
    return { data: accounts.map(toDiskRow), warnings };
  },
});

async function daemonOf(
  context: CallContext,
  isPreferred?: (name: string) => boolean,
): Promise<KnownDaemon | DaemonAbsence> {
  return daemonIn(await context.host.sessions.snapshot(scopeOfOneServer(context)), isPreferred);
}

async function accountsOf(context: CallContext<Turns>): Promise<FtpAccounts> {
  const answer = await context.kept.take(context.by, () => readAccounts(context));
  if (answer !== null) return answer;
  throw new ApiError('Too many of your calls wait for FTP accounts: try again.', 'too-busy');
}

async function readAccounts(context: CallContext<Turns>): Promise<FtpAccounts> {
  let all: readonly Item[] = [];
  const reader = requireReader(context.host.fleetReader);
  await reader.read(scopeOfOneServer(context), { verb: 'accounts' }, (_server, items) => {
    all = all.concat(items);
  });
  const accounts = all.flatMap((each) => ('account' in each ? [each.account] : []));
  const faults = all.flatMap((each) => ('fault' in each ? [each.fault] : []));
  const daemons = all.flatMap((each): RunningDaemon[] => ('daemon' in each ? [each.daemon] : []));
  const gaps = all.flatMap((each): Gap[] => ('gap' in each ? [withoutUndefined(each.gap)] : []));
  const ofScope = gaps.filter(({ cause }) => cause.startsWith('system-user-'));
  const snapshot = { daemons, gaps, ftpAccounts: { accounts, faults } };
  return accountsIn(snapshot, context.args, warningsOfGaps(ofScope));
}
