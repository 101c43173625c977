import type { ServersReport } from '../../sessions/servers.ts';

/** What stands in the metadata of an answer, or of an error that is about missing servers, for programs. */
export function serversMetadata({ asked, answered, missing }: ServersReport) {
  return {
    servers: {
      asked,
      answered,
      missing: missing.map(({ answeredAt, ...rest }) => ({
        ...rest,
        ...(answeredAt === undefined ? {} : { last_answer: new Date(answeredAt).toISOString() }),
      })),
    },
  };
}
