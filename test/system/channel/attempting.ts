import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { Attempt } from './attempts.ts';

/*
 * A program for attempts.ts: becomes the user that standard input names, tries what it lists, and
 * prints how each went. Which code does it is loaded before, as the user may not be able to.
 */

const { uid, gid, attempts } = JSON.parse(readFileSync(0, 'utf8')) as {
  uid: number;
  gid: number;
  attempts: Attempt[];
};
process.setgroups?.([]);
process.setgid?.(gid);
process.setuid?.(uid);

function attempt(given: Attempt): void {
  switch (given[0]) {
    case 'signal':
      process.kill(given[1], given[2]);
      return;
    case 'list':
      readdirSync(given[1]);
      return;
    case 'link':
      readlinkSync(given[1]);
      return;
    case 'read': {
      const file = openSync(given[1], 'r');
      try {
        readSync(file, Buffer.alloc(1));
      } finally {
        closeSync(file);
      }
    }
  }
}

const outcomes = attempts.map((given) => {
  try {
    attempt(given);
    return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
});
process.stdout.write(JSON.stringify(outcomes));
