import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { localZone } from '../lib/local-time/local-zone.ts';
import { about, type Finding } from './finding.ts';

const { ok, note, mend } = about('clock');

/** Whether local time can be told, and whether the clock is kept right, where systemd knows. */
export async function checkClock(): Promise<Finding[]> {
  const { problem } = localZone();
  const zone =
    problem === null
      ? ok('Local time is known.')
      : mend(`${problem}; see tzset(3) and timedatectl.`);
  const isKept = await isSynchronized();
  if (isKept === null) return [zone];
  return [
    zone,
    isKept
      ? ok('It is synchronized.')
      : note('It is not synchronized (timedatectl): times of sessions are this host’s own.'),
  ];
}

async function isSynchronized(): Promise<boolean | null> {
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const { stdout } = await promisify(execFile)('timedatectl', args, { timeout: 5_000 });
    return stdout.trim() === '' ? null : stdout.trim() === 'yes';
  } catch {
    // There is no systemd here.
    return null;
  }
}
