import { answerParent } from './helper-process.ts';
import { HttpConnection } from './http-connection.ts';

export interface Load {
  readonly port: number;
  /** Each of so many connections sends its next request as soon as the last one is answered. */
  readonly connections: number;
  /** Texts of requests; the connections take them in turn, each always the same one. */
  readonly requests: readonly string[];
  readonly seconds: number;
}

export interface LoadReport {
  /** Answers with status 200 within the time. */
  readonly answers: number;
  /** Other answers, by status. */
  readonly others: Readonly<Record<number, number>>;
  readonly perSecond: number;
  /** The share of a processor that this generator used itself, from 0 to 1. */
  readonly generatorShare: number;
}

/** How long the answers may take that are under way when the time is over. */
const tailMs = 60_000;

/*
 * The load generator, a process of its own.
 */
answerParent<Load, LoadReport>(async ({ port, connections, requests, seconds }) => {
  const open = await Promise.all(
    Array.from({ length: connections }, () => HttpConnection.open(port)),
  );
  let answers = 0;
  const others: Record<number, number> = {};
  const usageBefore = process.cpuUsage();
  const start = performance.now();
  const end = start + seconds * 1_000;
  const tooLate = AbortSignal.timeout(seconds * 1_000 + tailMs);
  tooLate.onabort = () => {
    for (const connection of open) {
      connection.close(new Error(`Requests were not answered within ${tailMs} ms`));
    }
  };
  await Promise.all(
    open.map(async (connection, index) => {
      const text = requests[index % requests.length] ?? '';
      for (;;) {
        const { status } = await connection.request(text);
        if (performance.now() > end) {
          return;
        }
        if (status === 200) {
          answers += 1;
        } else {
          others[status] = (others[status] ?? 0) + 1;
        }
      }
    }),
  );
  const { user, system } = process.cpuUsage(usageBefore);
  const tookMs = performance.now() - start;
  tooLate.onabort = null;
  for (const connection of open) {
    connection.close();
  }
  const generatorShare = (user + system) / 1_000 / tookMs;
  return { answers, others, perSecond: answers / seconds, generatorShare };
});
