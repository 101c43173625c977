import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isPureFtpdPath, parseTitle, setsTitles } from '../../../../src/daemons/pure-ftpd/title.ts';

describe('the title of a pure-ftpd process', () => {
  test('is one of five', () => {
    const states = { IDLE: 'idle', DOWNLOAD: 'download', UPLOAD: 'upload' };
    for (const [word, state] of Object.entries(states)) {
      assert.deepEqual(parseTitle(`pure-ftpd (${word})`), { kind: 'session', state });
    }
    assert.deepEqual(parseTitle('pure-ftpd (SERVER)'), { kind: 'master' });
    assert.deepEqual(parseTitle('pure-ftpd (PRIV)'), { kind: 'helper' });
  });

  test('is told from its beginning where there was no room for more', () => {
    assert.deepEqual(parseTitle('pure-ftpd (DOWNLO'), { kind: 'session', state: 'download' });
    assert.deepEqual(parseTitle('pure-ftpd (I'), { kind: 'session', state: 'idle' });
    assert.deepEqual(parseTitle('pure-ftpd (S'), { kind: 'master' });
    for (const text of ['pure-ftpd (', 'pure-ftpd', 'p', '']) assert.equal(parseTitle(text), null);
  });

  test('is nothing else, however much it looks alike', () => {
    const alike = [
      ' pure-ftpd (IDLE)',
      'pure-ftpd (IDLE) ',
      'pure-ftpd (IDLE)\n',
      'pure-ftpd (IDLE)x',
      'pure-ftpd  (IDLE)',
      'pure-ftpd (idle)',
      'PURE-FTPD (IDLE)',
      'xpure-ftpd (IDLE)',
      '/usr/sbin/pure-ftpd (IDLE)',
      'sh -c pure-ftpd (IDLE)',
      'pure-ftpd (BUSY)',
      'proftpd: (accepting connections)',
    ];
    for (const title of alike) {
      assert.equal(parseTitle(title), null, JSON.stringify(title));
    }
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (before, behind) => {
        assert.equal(parseTitle(`${before}pure-ftpd (IDLE)${behind}`), null);
        if (before !== '') assert.equal(parseTitle(`${before}pure-ftpd (IDLE)`), null);
      }),
    );
  });

  test('is set at every change only by a master with room for its own', () => {
    assert.equal(setsTitles('pure-ftpd (SERVER)'), true);
    for (const title of ['pure-ftpd', 'pure-ftpd (SERVER', 'pure-ftpd (IDLE)', '']) {
      assert.equal(setsTitles(title), false, title);
    }
  });
});

describe('the path of an executable', () => {
  test('is pure-ftpd’s by its last name, replaced on disk or not', () => {
    for (const path of [
      '/usr/sbin/pure-ftpd',
      '/usr/local/sbin/pure-ftpd',
      '/usr/sbin/pure-ftpd (deleted)',
      '/usr/sbin/pure-ftpd-mysql',
      '/usr/sbin/pure-ftpd-postgresql (deleted)',
      '/usr/sbin/pure-ftpd-ldap',
    ]) {
      assert.equal(isPureFtpdPath(path), true, path);
    }
    for (const path of [
      '/usr/sbin/pure-ftpd-wrapper',
      '/usr/sbin/pure-ftpwho',
      '/usr/bin/sleep',
      '/tmp/xpure-ftpd',
      '/pure-ftpd/sleep',
      '/usr/sbin/pure-ftpd\n',
      '',
    ]) {
      assert.equal(isPureFtpdPath(path), false, path);
    }
  });
});
