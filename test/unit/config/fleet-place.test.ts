import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, type ConfigSources, loadConfig } from '../../../src/config/config.ts';

const key = 'A'.repeat(43);

function load(flags: Record<string, unknown>) {
  const sources: ConfigSources = {
    flags,
    env: {},
    platform: 'linux',
    isRoot: true,
    home: '/root',
    cwd: '/srv',
    readFile: () => '',
    exists: () => false,
  };
  return loadConfig(sources);
}

function faultsOf(flags: Record<string, unknown>): string {
  try {
    load(flags);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

const host = { fleet: 'nats://127.0.0.1:4222', fleetHost: 'web1', fleetGateways: `gw1=${key}` };

test('a host of a fleet needs its messaging servers, its name and the gateways that may ask', () => {
  assert.deepEqual(load(host).fleet, {
    servers: ['nats://127.0.0.1:4222'],
    tls: null,
    ca: null,
    host: { name: 'web1', gateways: [{ name: 'gw1', key }], allow: ['list'] },
    gateway: null,
  });
  const without = (name: string) => faultsOf({ ...host, [name]: undefined });
  assert.equal(
    without('fleet'),
    '--fleet-host: is of no use without --fleet\n--fleet-gateways: is of no use without --fleet',
  );
  assert.match(without('fleetGateways'), /^--fleet-host: is of no use without --fleet-gateways$/);
  assert.match(
    without('fleetHost'),
    /^--fleet: is of no use without --fleet-host or --fleet-gateway\n--fleet-gateways: is of no use without --fleet-host$/,
  );
});

test('no gateway ends sessions on a host that does not say so', () => {
  const allowed = (fleetAllow: string) => load({ ...host, fleetAllow }).fleet?.host?.allow;
  assert.deepEqual(allowed('list, end'), ['list', 'end']);
  assert.deepEqual(allowed('list'), ['list']);
  for (const wrong of ['end', 'list,kill', 'all', '', 'END,list']) {
    assert.match(faultsOf({ ...host, fleetAllow: wrong }), /^--fleet-allow: /, wrong);
  }
  assert.match(
    faultsOf({ fleet: host.fleet, fleetGateway: 'gw1', fleetAllow: 'list' }),
    /^--fleet-allow: is of no use without --fleet-host$/,
  );
});

test('a gateway needs its name and the messaging servers, and may be a host too', () => {
  const { fleet, fleetGateway } = {
    fleet: 'nats://localhost:4222,nats://[::1]:4223',
    fleetGateway: 'gw1',
  };
  assert.deepEqual(load({ fleet, fleetGateway }).fleet?.servers, [
    'nats://localhost:4222',
    'nats://[::1]:4223',
  ]);
  assert.equal(load({ ...host, fleetGateway }).fleet?.gateway, 'gw1');
});

test('beyond loopback a messaging server is spoken with over TLS alone, with a certificate of this machine', () => {
  const beyond = { ...host, fleet: 'nats://10.0.0.5:4222' };
  assert.match(faultsOf(beyond), /nats:\/\/10\.0\.0\.5:4222 is on another machine/);
  const tls = { fleetTlsCa: 'ca.pem', fleetTlsCert: 'cert.pem', fleetTlsKey: 'key.pem' };
  assert.deepEqual(load({ ...beyond, ...tls }).fleet?.tls, {
    ca: '/srv/ca.pem',
    cert: '/srv/cert.pem',
    key: '/srv/key.pem',
  });
  assert.match(
    faultsOf({ ...host, fleetTlsCa: 'ca.pem' }),
    /^--fleet-tls-ca: is of no use without --fleet-tls-ca, --fleet-tls-cert and --fleet-tls-key together$/,
  );
});

test('what is no address, no name and no key is told, and a password in an address is not', () => {
  for (const wrong of ['nats://10.0.0.5', 'tls://10.0.0.5:4222', 'nats://10.0.0.5:99999', '']) {
    assert.match(
      faultsOf({ ...host, fleet: wrong }),
      /is not of the form nats:\/\/HOST:PORT/,
      wrong,
    );
  }
  const secret = faultsOf({ ...host, fleet: 'nats://user:swordfish@10.0.0.5:4222' });
  assert.match(secret, /…@10\.0\.0\.5/);
  assert.ok(!secret.includes('swordfish'));
  for (const wrong of ['Web1', 'web.1', '-web', 'w'.repeat(64)]) {
    assert.match(faultsOf({ ...host, fleetHost: wrong }), /^--fleet-host: must be a name/, wrong);
  }
  for (const wrong of ['gw1', `gw1=${key}x`, `gw.1=${key}`, `gw1=${key},gw1=${key}`]) {
    assert.match(faultsOf({ ...host, fleetGateways: wrong }), /NAME=KEY|names one twice/, wrong);
  }
});

test('a host of a fleet may listen nowhere, and no other server', () => {
  assert.deepEqual(load({ ...host, listen: 'none' }).listen, []);
  assert.equal(load({ ...host, listen: 'none' }).metrics, null, 'nor for metrics');
  const metrics = 'http://127.0.0.1:9284';
  assert.equal(load({ ...host, listen: 'none', metrics }).metrics?.address.url, metrics);
  assert.equal(load(host).metrics?.address.url, metrics);
  assert.match(
    faultsOf({ listen: 'none' }),
    /^--listen: none is of use on a host of a fleet alone/,
  );
  assert.notEqual(faultsOf({ ...host, listen: 'none,http://127.0.0.1:1' }), '');
});

test('over https hosts are asked at their own addresses, and a messaging server’s settings are of no use', () => {
  const over = { fleet: 'https', fleetHost: 'web1', fleetGateways: `gw1=${key}` };
  assert.deepEqual(load(over).fleet?.servers, []);
  assert.equal(load(over).fleet?.tls, null);
  assert.match(faultsOf({ ...over, listen: 'none' }), /^--listen: a host that is asked over https/);
  assert.match(faultsOf({ ...over, fleetTlsCert: 'c' }), /^--fleet-tls-cert: is of no use without/);
  assert.match(faultsOf({ ...over, fleetTlsCa: 'c' }), /^--fleet-tls-ca: is of no use without/);
  const gateway = { fleet: 'https', fleetGateway: 'gw1', fleetTlsCa: 'ca.pem' };
  assert.equal(load(gateway).fleet?.ca, '/srv/ca.pem');
  assert.match(faultsOf({ ...over, fleet: 'https,nats://127.0.0.1:1' }), /not of the form/);
});

test('of a fleet that makes no sense one fault is told, and not what follows from it for other settings', () => {
  const all = { ...host, listen: 'none', fleetGateway: 'gw1', fleetAllow: 'list' };
  for (const fleet of ['gw1:4222', 'nats://10.0.0.5:4222']) {
    const told = faultsOf({ ...all, fleet });
    assert.ok(told.startsWith('--fleet: ') && !told.includes('\n'), told);
  }
  const told = faultsOf({ ...host, fleetGateways: 'gw1=KEY' });
  assert.ok(told.startsWith('--fleet-gateways: ') && !told.includes('\n'), told);
});
