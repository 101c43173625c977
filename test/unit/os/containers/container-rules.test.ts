import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseCgroup } from '../../../../src/os/containers/cgroup.ts';
import { createContainerRules } from '../../../../src/os/containers/container-rules.ts';
import { parseMatch } from '../../../../src/os/containers/rule.ts';

const id = 'a1'.repeat(32);
const otherId = `${'a1'.repeat(31)}b2`;
const isRoot = process.getuid?.() === 0;

/** A data root of dockerd's with a container's settings. */
function dockerRoot(text = JSON.stringify({ ID: id, Name: '/web-1' }), mode = 0o600): string {
  const root = mkdtempSync(join(tmpdir(), 'docker-'));
  const folder = join(root, 'containers', id);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'config.v2.json');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return root;
}

function named(match: string, cgroup: string, root = dockerRoot()): string | null {
  return createContainerRules([{ match, account: 'alice' }], root)(cgroup)?.name ?? null;
}

describe('a container is known by where root has put it', () => {
  const places: [match: string, cgroup: string, name: string][] = [
    [`docker:${id}`, `/system.slice/docker-${id}.scope`, ''],
    [`docker:${id.slice(0, 12)}`, `/docker/${id}`, ''],
    [`docker:${id}`, `/docker/${id}/init.scope`, ''],
    [`docker:${id}`, `/a.slice/a-b.slice/docker-${id}.scope`, ''],
    ['machine:web', '/machine.slice/machine-web.scope/payload', 'machine:web'],
    ['machine:my-*', '/machine.slice/machine-my\\x2dweb.scope', 'machine:my-web'],
    ['machine:web', '/machine.slice/systemd-nspawn@web.service/payload', 'machine:web'],
    ['cgroup:/alice.slice', '/alice.slice/libpod-1.scope/container', 'cgroup:/alice.slice'],
    ['cgroup:/lxc.payload.w*', '/lxc.payload.web/x', 'cgroup:/lxc.payload.web'],
    [
      'cgroup:/user.slice/user-1.slice/user@1.service/user.slice/libpod-*.scope',
      '/user.slice/user-1.slice/user@1.service/user.slice/libpod-2.scope/container',
      'cgroup:/user.slice/user-1.slice/user@1.service/user.slice/libpod-2.scope',
    ],
  ];
  for (const [match, cgroup, name] of places) {
    test(`${match} is ${cgroup.replaceAll(id, 'ID')}`, () => {
      const found = named(match, cgroup);
      // What it is called is told only by a file of root's.
      const docker = isRoot ? 'docker:web-1' : `docker:${id.slice(0, 12)}`;
      assert.equal(found, name === '' ? docker : name);
    });
  }
});

describe('a name that another than root can have given is nobody’s', () => {
  const user = '/user.slice/user-1000.slice/user@1000.service';
  const places: [match: string, cgroup: string][] = [
    // Delegated to a user.
    [`docker:${id}`, `${user}/docker-${id}.scope`],
    [`docker:${id}`, `${user}/app.slice/docker-${id}.scope`],
    [`docker:${id}`, `${user}/docker/${id}`],
    ['machine:web', `${user}/machine.slice/machine-web.scope`],
    ['machine:web', `${user}/systemd-nspawn@web.service`],
    ['cgroup:/alice.slice', `${user}/alice.slice`],
    // Below another container, or a service.
    [`docker:${id}`, `/system.slice/docker-${otherId}.scope/docker/${id}`],
    [`docker:${id}`, `/system.slice/docker-${otherId}.scope/docker-${id}.scope`],
    ['machine:web', '/machine.slice/machine-other.scope/machine-web.scope'],
    ['machine:web', '/lxc.payload.other/machine.slice/machine-web.scope'],
    [`docker:${id}`, `/system.slice/ci.service/docker/${id}`],
    // Something like it.
    [`docker:${id}`, `/system.slice/docker-${id}0.scope`],
    [`docker:${id}`, `/system.slice/docker-${id}.scope (deleted)`],
    [`docker:${id}`, `/system.slice/xdocker-${id}.scope`],
    ['machine:web', '/machine.slice/machine-web2.scope'],
    ['cgroup:/alice.slice', '/alice.slice2'],
    ['cgroup:/alice.slice', '/alice.slice (deleted)'],
    ['cgroup:/a/*', '/a'],
    ['cgroup:/a/*', '/b/a/x'],
  ];
  for (const [match, cgroup] of places) {
    test(`${match.replaceAll(id, 'ID')} is not ${cgroup.replaceAll(id, 'ID')}`, () => {
      assert.equal(named(match, cgroup), null);
    });
  }
});

test('a pattern is held against a docker container’s name, and never against its random id', (t) => {
  const cgroup = `/docker/${id}`;
  assert.equal(named('docker:a*', cgroup), null);
  assert.equal(named('docker:*', cgroup, '/nowhere'), null);
  assert.equal(named(`docker:${id.slice(0, 11)}`, cgroup), null);
  assert.equal(named(`docker:${'a1'.repeat(6)}`, `/docker/${otherId}`, '/nowhere') !== null, true);
  if (!isRoot) return t.diagnostic('the names need root');
  assert.equal(named('docker:web-*', cgroup), 'docker:web-1');
  assert.equal(named('docker:web-?', cgroup), 'docker:web-1');
  assert.equal(named('docker:other-*', cgroup), null);
});

test('a docker container’s name is told by a file of root’s alone, which is that container’s', {
  skip: !isRoot && 'needs root',
}, () => {
  const tell = (text: string, mode?: number) =>
    named('docker:*', `/docker/${id}`, dockerRoot(text, mode));
  const settings = (changes: object) => JSON.stringify({ ID: id, Name: '/web-1', ...changes });
  assert.equal(tell(settings({})), 'docker:web-1');
  for (const text of [
    settings({ ID: otherId }),
    settings({ Name: '/web 1' }),
    settings({ Name: '../web' }),
    settings({ Name: 7 }),
    'null',
    '{',
    '',
  ]) {
    assert.equal(tell(text), null, text);
  }
  assert.equal(tell(settings({}), 0o622), null);
  const root = mkdtempSync(join(tmpdir(), 'docker-'));
  mkdirSync(join(root, 'containers', id), { recursive: true });
  const real = join(dockerRoot(), 'containers', id, 'config.v2.json');
  symlinkSync(real, join(root, 'containers', id, 'config.v2.json'));
  assert.equal(named('docker:*', `/docker/${id}`, root), null);
});

test('the first rule that matches says whose a container is', () => {
  const rules = createContainerRules(
    [
      { match: 'cgroup:/a/x*', account: 'first' },
      { match: 'cgroup:/a/*', account: 'second' },
    ],
    '/nowhere',
  );
  assert.equal(rules('/a/xy')?.account, 'first');
  assert.equal(rules('/a/y')?.account, 'second');
  assert.equal(rules('/b'), null);
});

test('a rule is a kind and a name, and only the last part of a path may be a pattern', () => {
  for (const match of ['docker:web-*', 'machine:web', 'cgroup:/a', 'cgroup:/a/b-?*']) {
    assert.ok(!('fault' in parseMatch(match)), match);
  }
  for (const match of [
    '',
    'web',
    'docker:',
    'podman:web',
    'docker:a/b',
    'machine:/x',
    'cgroup:/',
    'cgroup:a',
    'cgroup:/a/',
    'cgroup://a',
    'cgroup:/a/../b',
    'cgroup:/*/web',
    'cgroup:/user.slice/user-*.slice/user@1000.service',
    'cgroup:/a?/b',
    `docker:${'x'.repeat(1_001)}`,
  ]) {
    assert.ok('fault' in parseMatch(match), match);
  }
});

test('a process’ cgroup is that of systemd’s hierarchy, else of the unified one', () => {
  assert.equal(parseCgroup('0::/a.slice\n'), '/a.slice');
  assert.equal(parseCgroup('4:memory:/x\n0::/a\n'), '/a');
  assert.equal(parseCgroup('0::/a\n1:name=systemd:/docker/x\n'), '/docker/x');
  assert.equal(parseCgroup('0::/a:b\n'), '/a:b');
  // Outside of the cgroup namespace that this process is in.
  assert.equal(parseCgroup('0::/../a\n'), null);
  for (const text of ['', '4:memory:/x\n', 'name=systemd:/x', '0::x']) {
    assert.equal(parseCgroup(text), null, text);
  }
});
