import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeCgroup } from '../../support/cgroups.ts';
import { projectRoot } from '../../support/debian-packages.ts';
import { debianRoot } from '../../support/debian-root.ts';
import { environmentOf, podmanFolder, removeCgroups } from '../../support/podman.ts';
import { until } from '../../support/until.ts';
import { password, skip, thePackage, timeout } from './debian-package.ts';

const execute = promisify(execFile);

/** Where podman itself cannot work: podman-run(1), what a container's runtime is refused, or a file system. */
const obstacle = /OCI permission denied|runc create failed|not supported|operation not permitted/i;

test('the Containerfile makes an image of the package that serves', {
  skip,
  timeout,
}, async (t) => {
  const work = mkdtempSync(join(tmpdir(), 'image-'));
  const name = `uapid-test-${randomBytes(6).toString('hex')}`;
  const cgroup = makeCgroup(t, name);
  const parent = `${name}-podman`;
  const env = environmentOf(work, await podmanFolder(), 'overlay');
  // No signature of an image counts here; all are made here (containers-policy.json(5)).
  const trust = join(work, '.config/containers');
  mkdirSync(trust, { recursive: true });
  writeFileSync(join(trust, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  const podman = async (...args: string[]) => {
    const enter = ['-c', 'echo $$ > "$1"; shift; exec podman "$@"', 'sh', cgroup.procs];
    const { stdout } = await execute('sh', [...enter, ...args], { env, cwd: '/' });
    return stdout;
  };
  t.after(async () => {
    await podman('rm', '--force', '--all', '--time', '5').catch(() => undefined);
    await until(() => removeCgroups(parent), { what: 'the cgroups of podman are removed' });
    rmSync(work, { recursive: true, force: true });
  });
  try {
    // In the place of docker.io/library/debian, which cannot be fetched from here.
    const base = join(work, 'base.tar');
    execFileSync('tar', ['-cf', base, '-C', await debianRoot(), '.']);
    await podman('import', '--quiet', base, 'localhost/base');
    rmSync(base);
    const context = join(work, 'context');
    mkdirSync(context);
    const deb = await thePackage();
    copyFileSync(deb, join(context, basename(deb)));
    const file = join(projectRoot(), 'packaging/container/Containerfile');
    const how = ['--isolation=oci', '--network=none', `--cgroup-parent=/${parent}`, '--pull=never'];
    const arg = '--build-arg=BASE=localhost/base';
    await podman('build', '--quiet', ...how, arg, `--file=${file}`, '--tag=uapid', context);
    const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];
    const place = ['--network=none', `--cgroup-parent=/${parent}`, '--pull=never'];
    await podman('run', '--detach', '--name=uapid', ...limits, ...place, 'localhost/uapid');
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    if (!obstacle.test(stderr)) throw error;
    t.skip(`podman cannot run a container here: ${stderr.trim().split('\n').at(-1)}`);
    return;
  }
  const inside = (script: string) => podman('exec', 'uapid', 'sh', '-c', script);
  const listed = await until(
    () =>
      inside('uapid account list --json && curl -sS http://127.0.0.1:2082/healthz').catch(() => ''),
    { what: 'it serves', everyMs: 200, timeoutMs: 60_000 },
  );
  assert.match(listed, /^\[\]/);
  await inside(`echo '${password}' | uapid account add admin --role admin --password-stdin`);
  const call = `curl -sS -u 'admin:${password}' http://127.0.0.1:2082/Ftp/list_sessions`;
  const { result } = JSON.parse(await inside(call));
  assert.deepEqual([result.status, result.data], [1, []]);
  // The worker has given root's rights up there, too.
  const uids = await inside('for s in /proc/[0-9]*/status; do grep ^Uid: $s; done');
  assert.ok(new Set(uids.split('\n').filter(Boolean)).size >= 2, uids);
});
