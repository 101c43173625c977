import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '../../support/debian-packages.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type BootedDebian, bootDebian } from './booted-debian.ts';

export const skip = needsSandbox();
/** Ends what hangs: on a busy machine the package alone takes a minute to build. */
export const timeout = 420_000;
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'uapid-deb-'));
const cleanUps: (() => Promise<void>)[] = [];
after(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

let built: Promise<string> | null = null;
/** The package, built once for all tests of a file. */
export const thePackage = () => {
  built ??= build('built');
  return built;
};

export async function build(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const goal = join(folder, name);
  execFileSync('mkdir', [goal]);
  const { stdout } = await run(join(projectRoot(), 'packaging/debian/build'), [goal], {
    // Compressed as quickly as can be (dpkg-deb(1)): the rest of the build takes a third as long.
    env: {
      ...process.env,
      SOURCE_DATE_EPOCH: '1790000000',
      DPKG_DEB_COMPRESSOR_LEVEL: '0',
      ...env,
    },
    cwd: folder,
  });
  return stdout.trim();
}

let later: Promise<string> | null = null;
/** The same package with a later version. */
export const laterVersion = () => {
  later ??= withLaterVersion();
  return later;
};

async function withLaterVersion(): Promise<string> {
  const deb = await thePackage();
  const root = join(folder, 'later');
  await run('dpkg-deb', ['--raw-extract', deb, root]);
  const control = join(root, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: /m, '$&99.'));
  await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, `${root}.deb`]);
  return `${root}.deb`;
}

export const password = randomBytes(12).toString('hex');
export const url = 'http://127.0.0.1:2082';

export async function install(debian: BootedDebian, deb: string): Promise<string> {
  await debian.run('cat > /root/uapid.deb', readFileSync(deb));
  return await debian.run('apt-get -qy install /root/uapid.deb 2>&1');
}

export async function addAdmin({ run: runInside }: BootedDebian): Promise<void> {
  await runInside('uapid account add admin --role admin --password-stdin', `${password}\n`);
}

/** A Debian in which the package is installed, and has an administrator. */
interface Installed {
  readonly debian: BootedDebian;
  /** What apt said. */
  readonly said: string;
}

let installed: Promise<Installed> | null = null;
/** Whether the service runs as a test before had it changed. */
let isChanged = false;

/** One for all tests of a file that change nothing of it for good; the service runs as it was installed. */
export async function theInstalled(): Promise<Installed> {
  const found = await theChanged();
  if (isChanged) await dropIn(found.debian);
  return found;
}

/** The same for a test that changes the unit itself, before which the service may run as another had it. */
export async function theChanged(): Promise<Installed> {
  installed ??= bootInstalled();
  return await installed;
}

/** Takes back what `dropIn` has changed; a start of the service is left to the test that needs it. */
export async function undoDropIn({ run: runInside }: BootedDebian): Promise<void> {
  await runInside(`rm -f ${dropInFile}; systemctl daemon-reload`);
}

async function bootInstalled(): Promise<Installed> {
  const debian = await bootDebian({ after: (cleanUp) => cleanUps.push(cleanUp) });
  const said = await install(debian, await thePackage());
  await addAdmin(debian);
  return { debian, said };
}

/** What gives all that the service writes from now on. */
export async function journalFromNow({ run: runInside }: BootedDebian) {
  const said = await runInside('journalctl -n 0 --show-cursor');
  const cursor = /^-- cursor: (.*)$/m.exec(said)?.[1] ?? '';
  return () => runInside(`journalctl -u uapid -o cat --after-cursor='${cursor}'`);
}

interface Answer {
  readonly status: number;
  readonly data: readonly Record<string, unknown>[];
  readonly warnings: readonly string[] | null;
}

/** Asks with curl, its credentials in standard input. */
export async function ask(debian: BootedDebian, place = url, how = `user = "admin:${password}"`) {
  const command = `curl -sS --max-time 60 -K - ${place}/execute/Ftp/list_sessions`;
  return JSON.parse(await debian.run(command, how)) as Answer;
}

export const property = async ({ run: runInside }: BootedDebian, name: string) =>
  (await runInside(`systemctl show uapid --value -p ${name}`)).trim();

const dropInFile = '/run/systemd/system/uapid.service.d/x.conf';

/** Changes the unit as an administrator does, until the next boot, and starts it anew. */
export async function dropIn(debian: BootedDebian, ...lines: readonly string[]): Promise<void> {
  isChanged = lines.length > 0;
  await debian.run(
    `mkdir -p ${dirname(dropInFile)}; cat > ${dropInFile}`,
    ['[Service]', ...lines, ''].join('\n'),
  );
  await debian.run('systemctl daemon-reload; systemctl restart uapid');
}
