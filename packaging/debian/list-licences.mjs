import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/*
 * list-licences.mjs FOLDER: a paragraph for debian/copyright for each package below a node_modules
 * folder, with the licence that its package.json states.
 */

const [root = ''] = process.argv.slice(2);
const manifests = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => /(^|node_modules\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(path))
  .sort();
for (const path of manifests) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, path), 'utf8'));
  if (name === undefined) continue;
  process.stdout.write(
    `\nFiles: usr/lib/uapid/node_modules/${dirname(path)}/*\n` +
      `Comment: ${name} ${version}\nLicense: ${license}\n`,
  );
}
