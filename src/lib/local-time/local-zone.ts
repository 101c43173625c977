import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parsePosixZone } from './posix-zone.ts';
import { parseTzif } from './tzif.ts';
import { utc, type Zone } from './zone.ts';

/** The zone of this host’s clocks on the wall. */
export interface LocalZone extends Zone {
  /** A number of its own for each zone that this process had. */
  readonly id: number;
  /** Why times are in UTC, or without summer time, though something else was asked for; null when nothing was. */
  readonly problem: string | null;
}

const hostsFile = '/etc/localtime';
const maxAgeMs = 1_000;

let current: LocalZone | null = null;
let currentKey: string | null = null;
let currentTz: string | undefined;
let checkedAt = 0;

/**
 * The zone that the C library would take, and with it `date`: TZ, which names a file of the time zone
 * database or is a zone in the form of POSIX, else /etc/localtime, else UTC. Node.js asks ICU instead,
 * which knows zones by their names alone and guesses where there is none. A file that has changed is
 * read again within a second.
 */
export function localZone(environment: NodeJS.ProcessEnv = process.env): LocalZone {
  const { TZ } = environment;
  const now = performance.now();
  if (current !== null && TZ === currentTz && now - checkedAt < maxAgeMs) return current;
  [checkedAt, currentTz] = [now, TZ];
  const file = fileOf(TZ, environment['TZDIR']);
  const key = `${TZ} ${file} ${file === null ? '' : versionOf(file)}`;
  if (current === null || key !== currentKey) {
    const id = (current?.id ?? 0) + 1;
    current = { id, ...readZone(TZ, file) };
    currentKey = key;
  }
  return current;
}

/** tzset(3): a colon at the start says nothing, an empty name is UTC. */
function fileOf(tz: string | undefined, directory: string | undefined): string | null {
  if (tz === undefined) return hostsFile;
  const name = tz.replace(/^:/, '');
  return name === '' ? null : resolve(directory || '/usr/share/zoneinfo', name);
}

function versionOf(file: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(file);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return '';
  }
}

function readZone(tz: string | undefined, file: string | null): Omit<LocalZone, 'id'> {
  if (file === null) return { ...utc, problem: null };
  const fromFile = readZoneFile(file);
  if (typeof fromFile === 'object') return { ...fromFile, problem: null };
  if (tz === undefined || file === hostsFile) {
    const problem =
      fromFile === 'ENOENT' ? null : `times are in UTC: ${file} cannot be used (${fromFile})`;
    return { ...utc, problem };
  }
  const zone = parsePosixZone(tz.replace(/^:/, ''));
  if (zone !== null) return { ...zone, problem: null };
  return { ...utc, problem: `times are in UTC: TZ=${JSON.stringify(tz)} names no time zone` };
}

/** Gives why not where it cannot be read. */
function readZoneFile(file: string): Zone | string {
  try {
    if (!statSync(file).isFile()) return 'not a file';
    return parseTzif(readFileSync(file));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}
