import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import * as z from 'zod';
import { importedAccount } from '../../src/accounts/account-import.ts';
import { exitCodes } from '../../src/commands/exit-codes.ts';
import { allSettings, configFile, type Setting } from '../../src/config/settings.ts';
import { formatGaps, gapCauses } from '../../src/daemons/gap-text.ts';
import { createCounters } from '../../src/metrics/counters.ts';
import { addFleetMetrics, addMetrics } from '../../src/metrics/metrics.ts';
import { warningCodes } from '../../src/sessions/warning.ts';
import { doors } from '../../src/uapi/doors/index.ts';
import { errorCodes } from '../../src/uapi/envelope/error-codes.ts';
import { wholeConfiguration } from './configuration-file.ts';
import { callErrors, endingErrors, listErrors } from './fleet-errors.ts';
import { costTable, reachText } from './fleet-size.ts';

export const project = fileURLToPath(new URL('../../../', import.meta.url));

/** A part of a document that is made from the code; it stands between two comments with its name. */
export interface GeneratedPart {
  /** The document, from the project's folder. */
  readonly document: string;
  readonly name: string;
  make(): string;
}

export const generatedParts: readonly GeneratedPart[] = [
  { document: 'docs/configuration.md', name: 'settings', make: settingsTable },
  { document: 'docs/configuration.md', name: 'whole file', make: wholeFile },
  { document: 'docs/api.md', name: 'doors', make: doorsTable },
  { document: 'docs/metrics.md', name: 'metrics', make: metricsTable },
  { document: 'docs/commands.md', name: 'exit codes', make: exitCodesTable },
  { document: 'docs/commands.md', name: 'import schema', make: importSchema },
  { document: 'docs/warnings.md', name: 'warnings', make: warningsTable },
  { document: 'docs/warnings.md', name: 'other codes', make: () => codesTable(warningCodes) },
  { document: 'docs/warnings.md', name: 'errors', make: () => codesTable(errorCodes) },
  { document: 'docs/fleet.md', name: 'errors of a call', make: () => errorsTable(callErrors()) },
  { document: 'docs/fleet.md', name: 'errors of a list', make: () => errorsTable(listErrors()) },
  {
    document: 'docs/fleet.md',
    name: 'errors of an ending',
    make: () => errorsTable(endingErrors()),
  },
  { document: 'docs/fleet-size.md', name: 'what a host costs', make: fleetCosts },
  { document: 'docs/fleet-size.md', name: 'how far it goes', make: reachText },
  { document: 'docs/architecture.md', name: 'rooms', make: roomsPicture },
];

/** A document with its parts made anew. Throws where a part has no place. */
export function regenerated(text: string, parts: readonly GeneratedPart[]): string {
  let made = text;
  for (const { document, name, make } of parts) {
    const [begin, end] = [`<!-- generated: ${name} -->\n`, `<!-- end of ${name} -->\n`];
    const [from, to] = [made.indexOf(begin), made.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${document} has no place for “${name}”`);
    made = `${made.slice(0, from + begin.length)}\n${make()}\n${made.slice(to)}`;
  }
  return made;
}

const cell = (text: string) => text.replaceAll('|', '\\|');

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(headings), `|${'---|'.repeat(headings.length)}`, ...rows.map(line), ''].join('\n');
}

function doorsTable(): string {
  return table(
    ['URL', 'envelope'],
    [...doors].sort((a, b) => a.prefix.localeCompare(b.prefix)).flatMap(({ forms }) => forms),
  );
}

function errorsTable(rows: readonly (readonly string[])[]): string {
  return table(['what is said', 'means'], rows);
}

function fleetCosts(): string {
  const [headings = [], ...rows] = costTable();
  return table(headings, rows);
}

function exitCodesTable(): string {
  const rows = Object.values(exitCodes).map(({ code, means }) => [String(code), means]);
  return table(['exit code', ''], rows);
}

/** JSON Schema of what `account import` reads. */
function importSchema(): string {
  const schema = z.toJSONSchema(z.array(importedAccount));
  return ['```json', JSON.stringify(schema, null, 2), '```', ''].join('\n');
}

/** A metric of prom-client as it is: its type does not tell of the names of the labels. */
interface RegisteredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

function metricsTable(): string {
  const registry = new Registry();
  const counters = createCounters([]);
  addMetrics(registry, counters);
  addFleetMetrics(registry, counters);
  const metrics = registry.getMetricsAsArray() as unknown as readonly RegisteredMetric[];
  return table(
    ['metric', 'type', 'labels', ''],
    metrics.map(({ name, type, labelNames, help }) => [
      `\`${name}\``,
      type,
      labelNames.join(', '),
      help,
    ]),
  );
}

/** Each cause with its sentence, as it is when one session or process is concerned. */
function warningsTable(): string {
  const example = { ownerUid: null, pid: 4711, daemon: 'pure-ftpd' };
  return table(
    ['code', 'warning'],
    gapCauses.map((cause) => [`\`${cause}\``, formatGaps([{ cause, ...example }]).join(' ')]),
  );
}

function codesTable(codes: Readonly<Record<string, string>>): string {
  return table(
    ['code', ''],
    Object.entries(codes).map(([code, what]) => [`\`${code}\``, what]),
  );
}

function settingsTable(): string {
  const row = ({ flag, env, key, value, without, isList }: Setting<unknown>) => {
    const name = value === null ? flag : `${flag} ${value}${isList ? `[,${value}…]` : ''}`;
    return `| \`${cell(name)}\` | \`${env}\` | \`${key}\` | ${cell(without)} |`;
  };
  const { flag, env, value } = configFile;
  return [
    '| flag | environment | in the file | without it |',
    '|---|---|---|---|',
    ...allSettings.map(row),
    `| \`${flag} ${value}\` | \`${env}\` | | no file |`,
    '',
  ].join('\n');
}

function wholeFile(): string {
  return ['```jsonc', wholeConfiguration().trimEnd(), '```', ''].join('\n');
}

/** Which room imports which, as a Mermaid graph; what follows from other arrows is left out. */
function roomsPicture(): string {
  const arrows = roomArrows(join(project, 'src'));
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean => {
    for (const next of arrows.get(from) ?? []) {
      if (next === to) return true;
      if (!seen.has(next)) {
        seen.add(next);
        if (reaches(next, to, seen)) return true;
      }
    }
    return false;
  };
  const lines = [...arrows].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && reaches(other, to)))
      .map((to) => `  ${from} --> ${to}`),
  );
  return ['```mermaid', 'graph TD', ...lines.sort(), '```', ''].join('\n');
}

/** By room: the rooms that its files import from. */
function roomArrows(folder: string): Map<string, Set<string>> {
  const arrows = new Map<string, Set<string>>();
  const room = (path: string) =>
    path.includes('/') ? path.slice(0, path.indexOf('/')) : 'entries';
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!path.endsWith('.ts')) continue;
    const code = readFileSync(join(folder, path), 'utf8');
    for (const [, to = ''] of code.matchAll(/(?:\bfrom |^import |\bimport\()'(\.[^']+)'/gm)) {
      const target = room(normalize(join(dirname(path), to)));
      if (target === room(path)) continue;
      arrows.set(room(path), (arrows.get(room(path)) ?? new Set()).add(target));
    }
  }
  return arrows;
}
