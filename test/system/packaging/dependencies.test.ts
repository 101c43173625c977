import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';

const read = (name: string) => readFileSync(join(projectRoot(), name), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  /** The systems that it is for; absent when for all. */
  readonly os?: readonly string[];
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
const production = locked.filter(([, { dev, devOptional }]) => !dev && !devOptional);
const contributing = read('CONTRIBUTING.md');

test('CONTRIBUTING.md states how many packages reach production', () => {
  const builds = production.filter(([, { os }]) => os !== undefined);
  const built = builds.map(([path]) => /@node-rs\/(argon2|bcrypt)-[a-z0-9-]+$/.exec(path)?.[1]);
  assert.ok(!built.includes(undefined));
  const stated = /(\d+) packages reach production/.exec(contributing)?.[1];
  // Of the builds of one package each machine gets its own.
  assert.equal(Number(stated), production.length - builds.length + new Set(built).size);
});

test('the lock file has the builds for every system, of whatever ships some', () => {
  const builds = production.flatMap(([, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies),
  );
  assert.ok(builds.length > 20);
  const missing = builds.filter((name) => lock.packages[`node_modules/${name}`] === undefined);
  assert.deepEqual(missing, []);
});

test('CONTRIBUTING.md gives the reason for each direct one of them', () => {
  const rows = [...contributing.matchAll(/^\| ([^|]+) \| [^|]{5,} \|$/gm)];
  const named = rows.flatMap(([, names = '']) => names.split(', '));
  for (const name of Object.keys(manifest.dependencies)) {
    assert.ok(named.includes(name), name);
  }
});

test('the lock file has a hash for every package, and no install script runs', () => {
  for (const [path, { integrity }] of locked) assert.match(integrity ?? '', /^sha512-/, path);
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
  const scripts = production.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  assert.deepEqual(scripts, []);
});
