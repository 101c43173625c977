import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * The licences of the packages that files belong to, as text: for each package its name, version and
 * what it says of its licence, and that licence. `paths` are absolute or below `root`; those in no
 * package below `node_modules` count for nothing.
 */
export function licencesOf(root: string, paths: readonly string[]): string {
  const folders = new Set(paths.map((path) => packageOf(resolve(root, path))));
  const found = [...folders].filter((folder) => folder !== null);
  return [...found.map(licenceOf), ...found.flatMap((folder) => licenceInside(root, folder))]
    .sort()
    .join('\n');
}

/** That of Swagger UI, whose built files @fastify/swagger-ui carries without it: its texts are kept beside this file. */
function licenceInside(root: string, folder: string): string[] {
  if (!folder.endsWith('/node_modules/@fastify/swagger-ui')) return [];
  const { devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const texts = join(root, 'build/swagger-ui');
  return [
    formatLicence(
      `swagger-ui-dist ${devDependencies['swagger-ui-dist']}: Apache-2.0`,
      readdirSync(texts)
        .sort()
        .map((file) => join(texts, file)),
    ),
  ];
}

/** The folder of the package that a file belongs to. */
function packageOf(path: string): string | null {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null;
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { readonly name: string; readonly version: string; readonly license?: string };
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice)/i.test(file));
  return formatLicence(
    `${name} ${version}: ${license ?? 'see below'}`,
    files.map((file) => join(folder, file)),
  );
}

function formatLicence(heading: string, files: readonly string[]): string {
  const texts = files.map((file) => readFileSync(file, 'utf8').trim());
  return [heading, ...texts, ''].join('\n\n');
}
