import assert from 'node:assert/strict';
import { allowsGuests } from '../../../src/daemons/vsftpd/configuration.ts';
import { parseTitle } from '../../../src/daemons/vsftpd/title.ts';
import { parseCmdline } from '../../../src/os/processes/procfs/cmdline.ts';
import { mutateBytes } from '../mutate.ts';
import { pureTarget } from '../target.ts';

const samples = [
  'vsftpd: LISTENER',
  'vsftpd: 192.0.2.7: connected',
  'vsftpd: 192.0.2.7: not logged in',
  'vsftpd: ::ffff:192.0.2.7: SSL handler',
  'vsftpd: 192.0.2.7/alice: IDLE',
  'vsftpd: ::1/a/b: c: RETR x: IDLE',
  '/usr/sbin/vsftpd\0/etc/vsftpd.conf',
].map((text) => Buffer.from(text));

const settings = [
  'guest_enable=NO',
  'guest_enable=YES',
  'user_config_dir=/etc/vsftpd',
  '# guest_enable=YES',
].map((text) => Buffer.from(text));

/** The bytes of a vsftpd's /proc/PID/cmdline, down to what the title in them says. */
const titles = pureTarget(
  'vsftpd-titles',
  200_000,
  (random) => mutateBytes(random, random.pick(samples), random.pick(samples)),
  (bytes) => {
    const text = parseCmdline(bytes);
    const title = parseTitle(text);
    if (title === null) return;
    assert.ok(text.startsWith('vsftpd: '), text);
    if (title.kind !== 'session') return;
    for (const [index, user] of title.users.entries()) {
      assert.ok(text.includes(`/${user}: `), text);
      assert.ok(index === 0 || user.startsWith(`${title.users[index - 1]}: `), text);
    }
  },
);

/** The lines of its settings: what names guests and does not say no to them allows them. */
const configuration = pureTarget(
  'vsftpd-settings',
  200_000,
  (random) => mutateBytes(random, random.pick(settings), random.pick(settings)),
  (bytes) => {
    const line = bytes.toString('latin1');
    const isAllowed = allowsGuests(line);
    if (/^guest_enable=(?:YES|TRUE|1)$/i.test(line)) assert.ok(isAllowed, line);
    if (isAllowed) assert.match(line, /guest_enable|user_config_dir/i);
  },
);

export const vsftpdTargets = [titles, configuration] as const;
