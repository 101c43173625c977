import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** All rules up to WCAG 2.2 AA, and axe-core’s best practices. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Further rows are like those before, and axe takes a second for each twenty. */
const exclude = [['#rows tr:nth-child(n + 16)']];

/**
 * axe-core’s violations on the page as it is, each with the elements that it complains of. What else it
 * found is neither kept nor fetched: to write all of it down takes as long as a check of a small page.
 */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(readFileSync(axe, 'utf8'));
  const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] };
  const context = { include: [['html']], exclude };
  return await page.evaluate(
    `axe.run(${JSON.stringify(context)}, ${JSON.stringify(options)}).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
  );
}
