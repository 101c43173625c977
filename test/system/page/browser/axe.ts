import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** All rules up to WCAG 2.2 AA, and axe-core’s best practices. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Further rows are like those before, and axe takes a second for each twenty. */
const exclude = [['#rows tr:nth-child(n + 16)']];

/** axe-core’s violations on the page as it is, each with the elements that it complains of. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(axe, 'utf8'));
  const found = await page.evaluate(
    `axe.run({ include: [['html']], exclude: ${JSON.stringify(exclude)} }, { runOnly: { type: 'tag', values: ${JSON.stringify(tags)} } })`,
  );
  const all = (found as { violations: { id: string; nodes: { html: string }[] }[] }).violations;
  return all.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
