import { unpackPackages } from '../../support/debian-packages.ts';
import { debianRoot } from '../../support/debian-root.ts';

/** Without what the tests' Debian has. */
const packages = [
  'ansible-core',
  'libexpat1',
  'libpython3.13-minimal',
  'libpython3.13-stdlib',
  'libyaml-0-2',
  'python3-apt',
  'python3-cffi-backend',
  'python3-cryptography',
  'python3-jinja2',
  'python3-markupsafe',
  'python3-minimal',
  'python3-packaging',
  'python3-resolvelib',
  'python3-yaml',
  'python3.13-minimal',
];

/** A folder with Ansible, its Python and what they need, for the tests' Debian, of its own release. */
export async function ansibleFolder(): Promise<string> {
  return await unpackPackages('ansible-core-trixie', packages, { debian: await debianRoot() });
}
