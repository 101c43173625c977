import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkAnswer, type FleetAnswer, type FleetVisit } from './checker.ts';

const visit = (facts: Partial<FleetVisit> = {}): FleetVisit => ({
  server: 'web1',
  owner: 'alice',
  ftpPort: 2101,
  clientPort: 40_000,
  possibleFrom: 10,
  sureFrom: 20,
  sureUntil: null,
  goneBy: null,
  ...facts,
});
const row = { server: 'web1', owner: 'alice', local_port: 2101, remote_port: 40_000 };
const answer = (facts: Partial<FleetAnswer> = {}): FleetAnswer => ({
  begunAt: 100,
  endedAt: 200,
  rows: [row],
  missing: [],
  ...facts,
});
const kinds = (of: FleetAnswer, ...visits: FleetVisit[]) =>
  checkAnswer(of, visits, (_server, owner) => owner !== 'eve').map(({ kind }) => kind);

describe('the checker of a fleet’s answers', () => {
  test('finds nothing wrong with the truth', () => {
    assert.deepEqual(kinds(answer(), visit()), []);
  });

  test('a session without its row is missing, unless its server is named or nobody has answered', () => {
    assert.deepEqual(kinds(answer({ rows: [] }), visit()), ['missing']);
    assert.deepEqual(kinds(answer({ rows: [], missing: ['web2'] }), visit()), ['missing']);
    assert.deepEqual(kinds(answer({ rows: [], missing: ['web1'] }), visit()), []);
    assert.deepEqual(kinds(answer({ rows: [], missing: null }), visit()), []);
  });

  test('one that came or left meanwhile may have its row or not', () => {
    for (const facts of [{ sureFrom: 150 }, { sureFrom: null }, { sureUntil: 150 }]) {
      assert.deepEqual(kinds(answer(), visit(facts)), []);
      assert.deepEqual(kinds(answer({ rows: [] }), visit(facts)), []);
    }
  });

  test('a row of a session that is over, or has not begun, is not there', () => {
    assert.deepEqual(kinds(answer(), visit({ sureUntil: 30, goneBy: 90 })), ['not-there']);
    assert.deepEqual(kinds(answer(), visit({ possibleFrom: 300, sureFrom: null })), ['not-there']);
    assert.deepEqual(kinds(answer()), ['not-there']);
  });

  test('a row under another server or owner is a fault, and its session is missing nowhere else', () => {
    const wrong = (facts: object) => answer({ rows: [{ ...row, ...facts }] });
    assert.deepEqual(kinds(wrong({ server: 'web2' }), visit()), ['wrong-server']);
    assert.deepEqual(kinds(wrong({ owner: 'bob' }), visit()), ['wrong-server']);
  });

  test('a row twice, and one of another’s session, is a fault', () => {
    assert.deepEqual(kinds(answer({ rows: [row, row] }), visit()), ['twice']);
    const eve = { ...row, owner: 'eve' };
    assert.deepEqual(kinds(answer({ rows: [eve] }), visit({ owner: 'eve' })), ['not-its-own']);
  });
});
