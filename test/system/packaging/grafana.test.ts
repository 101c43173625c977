import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsSandbox } from '../../support/sandbox.ts';
import { startUapid } from '../../support/uapid.ts';
import { parseScrape } from '../metrics/scrape.ts';
import { metricNames, panelExpressions, readDashboard } from './dashboard.ts';

const skip = needsSandbox();
const dashboard = readDashboard();

test('the dashboard shows what operations asked for', () => {
  const expressions = panelExpressions(dashboard).join('\n');
  for (const metric of [
    'uapid_sessions',
    'uapid_transfer_bytes_seen_total',
    'uapid_look_duration_seconds_bucket',
    'uapid_gaps',
    'uapid_requests_total',
    'uapid_refused_logins_total',
    'uapid_ended_sessions_total',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    assert.ok(expressions.includes(`${metric}{`), metric);
  }
});

test('every metric that the dashboard names is in a real scrape', { skip }, async (t) => {
  const uapid = await startUapid(['--metrics', 'http://127.0.0.1:0']);
  t.after(() => uapid.stop());
  const text = await (await uapid.metrics()).text();
  const known = new Set(parseScrape(text).map(({ name }) => name));
  const definitions = dashboard.templating.list.map(({ definition }) => definition ?? '');
  const named = metricNames([...panelExpressions(dashboard), ...definitions].join('\n'));
  assert.ok(named.length >= 15);
  for (const name of named) assert.ok(known.has(name), name);
});

test('every query is for the hosts that were chosen, with variables that are there', () => {
  const variables = dashboard.templating.list.map(({ name }) => name);
  assert.deepEqual(variables, ['datasource', 'instance']);
  for (const expression of panelExpressions(dashboard)) {
    const selectors = expression.match(/\w+\{/g) ?? [];
    const chosen = expression.split('{job="uapid", instance=~"$instance"}').length - 1;
    assert.ok(selectors.length > 0 && selectors.length === chosen, expression);
    for (const [, name] of expression.matchAll(/\$(\w+)/g)) {
      assert.ok(['instance', '__rate_interval'].includes(name ?? ''), name);
    }
  }
});

test('panels have ids of their own and do not lie upon each other', () => {
  const { panels } = dashboard;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos, targets } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.equal(taken.get(`${x} ${y}`), undefined, title);
        taken.set(`${x} ${y}`, title);
      }
    }
  }
});
