import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../../support/debian-packages.ts';

const datasource = z.strictObject({
  type: z.literal('prometheus'),
  uid: z.literal('${' + 'datasource}'),
});

const target = z.object({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string().min(1),
});

const panel = z.object({
  id: z.int().min(1),
  title: z.string().min(1),
  description: z.string().min(1),
  type: z.enum(['timeseries', 'stat']),
  datasource,
  gridPos: z.strictObject({
    x: z.int().min(0),
    y: z.int().min(0),
    w: z.int().min(1),
    h: z.int().min(1),
  }),
  targets: z.array(target).min(1),
  fieldConfig: z.object({
    defaults: z.object({ unit: z.string() }),
    overrides: z.array(z.unknown()),
  }),
});

const variable = z.object({
  name: z.string(),
  type: z.enum(['datasource', 'query']),
  definition: z.string().optional(),
});

/** What Grafana reads of a dashboard, as far as this one uses it (Grafana's dashboard JSON model). */
const dashboard = z.object({
  title: z.string().min(1),
  uid: z.string().regex(/^[\w-]{1,40}$/),
  schemaVersion: z.int().min(36),
  panels: z.array(panel).min(1),
  templating: z.object({ list: z.array(variable) }),
  time: z.strictObject({ from: z.string(), to: z.string() }),
});
export type Dashboard = z.infer<typeof dashboard>;

/** The packaged dashboard; throws where it is none. */
export function readDashboard(): Dashboard {
  const path = join(projectRoot(), 'packaging', 'grafana', 'uapid.json');
  return dashboard.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** Every query of the panels. */
export function panelExpressions({ panels }: Dashboard): string[] {
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

/** The metrics of ours that a text names. */
export function metricNames(text: string): string[] {
  return [...new Set(text.match(/\b(?:uapid|process|nodejs)_\w+/g) ?? [])];
}
