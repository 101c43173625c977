import assert from 'node:assert/strict';
import { isPureFtpdPath, parseTitle, setsTitles } from '../../../src/daemons/pure-ftpd/title.ts';
import { parseCmdline } from '../../../src/os/processes/procfs/cmdline.ts';
import { mutateBytes } from '../mutate.ts';
import { pureTarget } from '../target.ts';

const samples = [
  'pure-ftpd (IDLE)',
  'pure-ftpd (DOWNLOAD)',
  'pure-ftpd (UPLOAD)',
  'pure-ftpd (SERVER)',
  'pure-ftpd (PRIV)',
  '/usr/sbin/pure-ftpd\0-l\0unix\0-A',
  '/usr/sbin/pure-ftpd-mysql (deleted)',
].map((text) => Buffer.from(text));

/** The bytes of /proc/PID/cmdline, down to what the title in them says. */
export const titles = pureTarget(
  'titles',
  300_000,
  (random) =>
    random.oneIn(5)
      ? Buffer.from(random.pick(samples).subarray(0, random.below(24)))
      : mutateBytes(random, random.pick(samples), random.pick(samples)),
  (bytes) => {
    const text = parseCmdline(bytes);
    assert.ok(!text.includes('\0'));
    const title = parseTitle(text);
    if (title !== null) {
      assert.ok(text.length >= 12 && samples.some((sample) => `${sample}`.startsWith(text)), text);
    }
    assert.equal(typeof setsTitles(text), 'boolean');
    assert.equal(isPureFtpdPath(text) && !text.includes('pure-ftpd'), false);
  },
);
