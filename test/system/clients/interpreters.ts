import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackPackages } from '../../support/debian-packages.ts';

const run = promisify(execFile);

/** A program that runs the text files given to it. */
export interface Interpreter {
  readonly command: string;
  /** What stands before the file: what an unpacked one has to be told. */
  readonly args?: readonly string[];
  /** What it needs in its environment: folders when unpacked, nothing when installed. */
  readonly env: Readonly<Record<string, string>>;
}

interface Language {
  /** The name of the executable; Debian appends a version to some. */
  readonly executable: RegExp;
  /** Arguments with which it ends well when all that the example needs is there. */
  readonly probe: readonly string[];
  /** Debian's packages. */
  readonly packages: readonly string[];
}

const languages = {
  curl: { executable: /^curl$/, probe: ['--version'], packages: ['curl'] },
  python: {
    executable: /^python3(?:\.\d+)?$/,
    probe: ['-c', 'import json, ssl, urllib.request, requests'],
    packages: ['python3', 'python3-requests'],
  },
  php: {
    executable: /^php(?:\d+\.\d+)?$/,
    probe: [
      '-r',
      'exit(in_array("https", stream_get_wrappers()) && extension_loaded("curl") ? 0 : 1);',
    ],
    packages: ['php-cli', 'php-curl'],
  },
  ruby: {
    executable: /^ruby(?:\d+\.\d+)?$/,
    probe: ['-rjson', '-rnet/http', '-ropenssl', '-e', ''],
    packages: ['ruby'],
  },
  perl: {
    executable: /^perl$/,
    probe: ['-MHTTP::Tiny', '-MJSON::PP', '-MIO::Socket::SSL', '-e1'],
    packages: ['perl', 'libio-socket-ssl-perl'],
  },
} as const satisfies Record<string, Language>;

export type LanguageName = keyof typeof languages;

export const languageNames = Object.keys(languages) as readonly LanguageName[];

/**
 * The system's interpreter of that language, or, where it or one of its modules is missing, the
 * distribution's packages unpacked into `.cache/interpreters` of this project (fetched once,
 * without installing them). Rejects when neither runs.
 */
export async function interpreter(name: LanguageName): Promise<Interpreter> {
  const language: Language = languages[name];
  const { PATH } = process.env;
  const installed = findIn((PATH ?? '').split(':'), language);
  if (installed !== null && (await works({ command: installed, env: {} }, language))) {
    return { command: installed, env: {} };
  }
  const folder = `interpreters/${language.packages.join('-')}`;
  const root = await unpackPackages(folder, language.packages, { withDependencies: true });
  const command = findIn([join(root, 'usr/bin')], language) ?? installed;
  if (command === null) throw new Error(`No ${name} in ${root}: remove that folder and try again`);
  const unpacked = { command, args: extensionsOf(root), env: environmentOf(root) };
  await run(command, [...unpacked.args, ...language.probe], { env: { PATH, ...unpacked.env } });
  return unpacked;
}

function findIn(folders: readonly string[], { executable }: Language): string | null {
  for (const folder of folders.filter((name) => name !== '' && existsSync(name))) {
    const name = readdirSync(folder).find((entry) => executable.test(entry));
    if (name !== undefined) return join(folder, name);
  }
  return null;
}

async function works({ command, env }: Interpreter, { probe }: Language): Promise<boolean> {
  const { PATH, HOME } = process.env;
  return await run(command, [...probe], { env: { PATH, HOME, ...env } }).then(
    () => true,
    () => false,
  );
}

/** PHP's, which a package is told about when it is installed; none for other languages. */
function extensionsOf(root: string): string[] {
  const folder = join(root, 'usr/lib/php');
  if (!existsSync(folder)) return [];
  const [api] = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'curl.so')));
  return api === undefined
    ? []
    : ['-d', `extension_dir=${join(folder, api)}`, '-d', 'extension=curl'];
}

/** Where the unpacked libraries and the languages’ modules are, as Debian lays them out. */
function environmentOf(root: string): Record<string, string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  const machine = folders.filter((folder) => /\/lib\/[^/]+-linux-[^/]+$/.test(folder));
  const perl = folders.filter((folder) => /\/(?:perl5?(?:\/5[\d.]*)?|perl-base)$/.test(folder));
  const ruby = folders.filter((folder) =>
    /\/ruby\/(?:\d+\.\d+\.\d+|vendor_ruby(?:\/[\d.]+)?)$/.test(folder),
  );
  const python = folders.filter((folder) => /\/python3\/dist-packages$/.test(folder));
  return {
    LD_LIBRARY_PATH: machine.join(':'),
    PERL5LIB: perl.join(':'),
    PYTHONPATH: python.join(':'),
    RUBYLIB: ruby.join(':'),
  };
}
