import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { spec } from 'node:test/reporters';

/** What Node.js counts in one test file. */
export interface Counts {
  /** Every test, suites left out. */
  readonly tests: number;
  readonly suites: number;
  readonly pass: number;
  readonly fail: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

/** What a test file leaves in the file that `resultsVariable` names, as JSON. */
export interface Results {
  readonly counts: Counts;
  /** The failed tests with their errors, as Node.js prints them; "" without any. */
  readonly failures: string;
}

/** The environment variable with the path of the results. */
export const resultsVariable = 'UAPID_TEST_RESULTS';

/** The lines with which Node.js ends a file. */
const summaryLine = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/**
 * The reporter of one test file (node:test's `--test-reporter`): what `spec` prints without the
 * summary and without the failed tests again. Both go into the results.
 */
export default async function* report(
  source: AsyncIterable<{ type: string; data?: unknown }>,
): AsyncGenerator<string> {
  const counts: Record<string, number> = {};
  let failures = '';
  async function* withoutSummary() {
    for await (const event of source) {
      const message = event.type === 'test:diagnostic' ? summaryLine.exec(messageOf(event)) : null;
      if (message === null) yield event;
      else counts[message[1] ?? ''] = Number(message[2]);
    }
  }
  for await (const chunk of Readable.from(withoutSummary()).pipe(new spec())) {
    const text = String(chunk);
    if (/^\s*\S+ failing tests:/.test(text)) failures = text;
    else yield text;
  }
  const path = process.env[resultsVariable];
  if (path !== undefined) writeFileSync(path, JSON.stringify({ counts, failures }));
}

function messageOf({ data }: { data?: unknown }): string {
  return (data as { readonly message: string }).message;
}
