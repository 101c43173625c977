import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { fileNameOf } from '../../../src/daemons/proftpd/file-name.ts';
import { entryLayouts, parseEntry } from '../../../src/daemons/proftpd/scoreboard-entry.ts';
import { readSlots } from '../../../src/daemons/proftpd/scoreboard-file.ts';
import {
  parseSessionTitle,
  parseUnrecordedTitle,
  roleOf,
} from '../../../src/daemons/proftpd/title.ts';
import { entryBytes, scoreboardBytes } from '../../support/proftpd/entry-bytes.ts';
import { mutateBytes, nastyText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget } from '../target.ts';

const commands = ['idle', 'RETR', 'STOR', 'APPE', 'STOU', 'LIST', 'STAT', ''];

/** Cut as ProFTPD does, but for where characters of UTF-8 end. */
function text(random: Random, maxBytes: number): Buffer {
  const long = random.oneIn(3) ? nastyText(random) : 'x'.repeat(random.below(maxBytes * 2));
  const bytes = Buffer.from(long).subarray(0, maxBytes);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function makeEntry(random: Random, hasIpv6: boolean): Buffer {
  if (random.oneIn(6)) return Buffer.alloc(hasIpv6 ? 624 : 600);
  const command = random.pick(commands);
  return entryBytes(
    {
      pid: random.below(2 ** 31),
      user: text(random, 31),
      command,
      argument: command === 'idle' ? '' : text(random, 78),
      waitedSince: random.below(2 ** 31),
      connectedAt: random.below(2 ** 31),
      transferBytes: random.below(2 ** 31),
      bytesMoved: random.below(2 ** 31),
    },
    hasIpv6,
  );
}

/** Whole scoreboards of ProFTPD. */
export const proftpdScoreboard = pureTarget(
  'proftpd-scoreboard',
  30_000,
  (random: Random) => {
    const hasIpv6 = !random.oneIn(4);
    const entries = random.some(6, () => makeEntry(random, hasIpv6));
    const file = scoreboardBytes(entries);
    return random.oneIn(2) ? file : mutateBytes(random, file);
  },
  (bytes) => {
    const slots = readSlots((into, position, length) =>
      bytes.copy(
        into,
        0,
        Math.min(position, bytes.length),
        Math.min(position + length, bytes.length),
      ),
    );
    for (const [pid, { position, layout }] of slots ?? []) {
      assert.ok(pid > 0 && position >= 32 && position + layout.bytes <= bytes.length);
      assert.ok(entryLayouts.includes(layout));
      const entry = parseEntry(bytes.subarray(position, position + layout.bytes), layout);
      if (entry === null) continue;
      assert.equal(entry.pid, pid);
      assert.ok(entry.remoteAddress === null || isIP(entry.remoteAddress) !== 0);
      assert.ok(entry.localPort === null || (entry.localPort > 0 && entry.localPort < 65_536));
      for (const each of [entry.user, entry.clientName, entry.command, entry.argument]) {
        assert.ok(!each.includes('\0'));
      }
      const { waitedSince, connectedAt, transferBytes, bytesMoved } = entry;
      for (const number of [waitedSince, connectedAt, transferBytes, bytesMoved]) {
        assert.ok(Number.isSafeInteger(number) && number >= 0, `${number}`);
      }
    }
  },
);

interface TitleInput {
  readonly title: string;
  readonly user: string;
  readonly clientName: string;
  readonly command: string;
  readonly argument: string;
  /** The whole name, where the title was made with it. */
  readonly whole: string;
}

/** Titles of ProFTPD's sessions, now and then cut, beside a record that may have cut as well. */
export const proftpdTitles = pureTarget(
  'proftpd-titles',
  100_000,
  (random: Random): TitleInput => {
    const clientName = random.pick(['192.0.2.7', '2001:db8::7', 'host.example']);
    const whole = random.oneIn(3)
      ? `${nastyText(random)} - ${clientName}: IDLE`
      : random.oneIn(2)
        ? 'u'.repeat(random.below(60))
        : nastyText(random);
    const command = random.pick(commands);
    const argument = command === 'idle' ? '' : nastyText(random);
    const shown = command === 'idle' ? 'IDLE' : `${command} ${argument}`;
    const title = `proftpd: ${whole} - ${clientName}: ${shown}`;
    const cut = (from: string, bytes: number) => Buffer.from(from).subarray(0, bytes).toString();
    return {
      title: random.oneIn(3) ? title.slice(0, random.below(title.length)) : title,
      user: cut(whole, 31),
      clientName,
      command,
      argument: cut(argument, 78),
      whole,
    };
  },
  ({ title, whole, ...anchor }) => {
    roleOf(title);
    for (const found of [
      parseSessionTitle(title, anchor),
      parseUnrecordedTitle(title, anchor.clientName),
    ]) {
      if (found === null) continue;
      assert.ok(title.startsWith(`proftpd: ${found.user}`));
      assert.ok(title.endsWith(found.argument));
    }
    // What the record holds whole is never taken for another name.
    const isWhole = Buffer.byteLength(whole) < 28;
    const named = parseSessionTitle(title, anchor);
    if (isWhole && named !== null) assert.equal(named.user, whole);
    const name = fileNameOf({
      recorded: anchor.argument,
      titled: named?.argument ?? null,
      path: `/home/x/${anchor.argument}`,
      isChosenByDaemon: false,
    });
    assert.ok(name === null || name.length > 0);
  },
);
