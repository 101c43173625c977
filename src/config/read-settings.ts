import { dirname, resolve } from 'node:path';
import { configFile, type Setting } from './settings.ts';

/** Everything that a configuration comes from. */
export interface ConfigSources {
  /** The flags that were given, under the names of the settings, and `config`. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly isRoot: boolean;
  /** The home directory, for the default state directory of other users than root. */
  readonly home: string;
  /** What relative paths in flags and the environment refer to. */
  readonly cwd: string;
  /** The text of a file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
  /** Whether there is something at a path. */
  readonly exists: (path: string) => boolean;
}

/** Every fault of a configuration at once: one line each, beginning with where the value came from. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/** What was given, and what is wrong with it. */
export interface GivenSettings {
  readonly file: ConfigFile;
  readonly value: ValueOf;
  /** One line for each fault found so far; `value` adds to them. */
  readonly faults: string[];
}

/** Reads the file of a configuration. Of each setting the flag wins, then the environment, then the file. */
export function readSettings(sources: ConfigSources): GivenSettings {
  const faults: string[] = [];
  const file = readConfigFile(sources, faults);
  return { file, faults, value: (from) => chosen(from, sources, file, faults) };
}

/** What gives a setting's value, and takes its faults down. */
export type ValueOf = <T>(from: Setting<T>) => Chosen<T> | undefined;

export interface ConfigFile {
  readonly path: string;
  /** What relative paths in it refer to. */
  readonly base: string;
  readonly values: Readonly<Record<string, unknown>>;
}

function readConfigFile(sources: ConfigSources, faults: string[]): ConfigFile {
  const { cwd, readFile } = sources;
  const { config } = sources.flags;
  const { UAPID_CONFIG } = sources.env;
  const none = { path: '', base: cwd, values: {} };
  const given = config ?? (UAPID_CONFIG || undefined);
  if (given === undefined) return none;
  const path = resolve(cwd, String(given));
  const [values, fault] = parseObject(readFile, path);
  if (values !== undefined) return { path, base: dirname(path), values };
  faults.push(`${config === undefined ? configFile.env : configFile.flag}: ${path} ${fault}`);
  return none;
}

/**
 * The JSON of a text with comments: whole lines that begin with `//`, and a comma before the last brace, as
 * is left when the last setting becomes a comment. A text in JSON has no line end in it, so neither can be a
 * part of one. Lines keep their numbers and characters their places.
 */
export function withoutComments(text: string): string {
  return text
    .replace(/^[ \t]*\/\/.*$/gm, (line) => ' '.repeat(line.length))
    .replace(/,(?=\s*\}\s*$)/, ' ');
}

/** The object in a JSON file, or what is wrong with the file. */
function parseObject(
  readFile: ConfigSources['readFile'],
  path: string,
): [Record<string, unknown>] | [undefined, string] {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return [undefined, `cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`];
  }
  try {
    const value: unknown = JSON.parse(withoutComments(text));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? [value as Record<string, unknown>] : [undefined, 'must hold a JSON object'];
  } catch (error) {
    // The parser's message quotes the file, which may be one that was never meant to be shown.
    const position = /at position (\d+)/.exec((error as Error).message)?.[1];
    if (position === undefined) return [undefined, 'is not valid JSON'];
    const line = text.slice(0, Number(position)).split('\n').length;
    return [undefined, `is not valid JSON (line ${line})`];
  }
}

/** A value that was given, where, and what a relative path in it refers to. */
export interface Chosen<T> {
  readonly value: T;
  readonly origin: string;
  readonly base: string;
}

function chosen<T>(
  from: Setting<T>,
  { flags, env, cwd }: ConfigSources,
  file: ConfigFile,
  faults: string[],
): Chosen<T> | undefined {
  const given = [
    { origin: from.flag, base: cwd, raw: flags[from.key] },
    { origin: from.env, base: cwd, raw: env[from.env] || undefined },
    { origin: `${file.path}: ${from.key}`, base: file.base, raw: file.values[from.key] },
  ].filter((each) => each.raw !== undefined);
  const checked = given.map(({ origin, base, raw }) => {
    const result = from.schema.safeParse(raw);
    if (result.success) return { origin, base, value: result.data };
    for (const issue of result.error.issues) faults.push(`${origin}: ${issue.message}`);
    return undefined;
  });
  return checked[0];
}
