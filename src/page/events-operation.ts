import * as z from 'zod';
import { resultSchema, wrappedRefusal } from '../uapi/envelope/envelope.ts';
import { serverCountRow } from '../uapi/Fleet/count_sessions.ts';
import { transferRow } from '../uapi/Ftp/list_transfers.ts';
import { refusalAnswers } from '../uapi/openapi/refusal-answers.ts';

/** Not the seconds that pass by themselves, so that what stands still is not sent again. */
const told = transferRow.pick({
  pid: true,
  start: true,
  user: true,
  owner: true,
  host: true,
  protocol: true,
  status: true,
  file: true,
  path: true,
  bytes_moved: true,
  bytes_total: true,
  unsent_bytes: true,
  percent: true,
  rate_bytes_per_second: true,
  started_at: true,
  status_since: true,
});

/** The columns of Ftp::list_transfers that events tell of. */
export const eventColumns: readonly string[] = Object.keys(told.shape);

const id = z
  .string()
  .describe('Names the state that the reader has now: a hash of it.')
  .meta({ examples: ['kq3vS0mTnLQbZl1rT6m9eA'] });
const nothing = z.strictObject({});

const event = z
  .union([
    z
      .object({
        event: z.literal('account'),
        id: id.optional(),
        data: z.object({
          name: z.string().meta({ examples: ['alice'] }),
          role: z.enum(['user', 'reseller', 'admin']),
          fleet: z.literal(true).optional().describe('At the gateway of a fleet alone.'),
        }),
      })
      .describe('Whose credentials these are, as they are now.'),
    z
      .object({
        event: z.literal('sessions'),
        id: id.optional(),
        data: resultSchema(z.array(told.meta({ id: 'FtpTransferEvent' }))),
      })
      .describe('What Ftp::list_transfers answers, without the columns that change by themselves.'),
    z
      .object({
        event: z.literal('servers'),
        id: id.optional(),
        data: resultSchema(z.array(serverCountRow)).extend({
          whole: z.boolean().describe('True: these are all. False: these are others than before.'),
          gone: z.array(z.string()).describe('Servers that are in the list no more.'),
        }),
      })
      .describe(
        'At the gateway of a fleet: what Fleet::count_sessions answers; then what changes of it.',
      ),
    z
      .object({ event: z.literal('beat'), data: nothing })
      .describe('Nothing has changed for some seconds.'),
    z
      .object({ event: z.literal('over'), data: nothing })
      .describe('The credentials are not valid any more: the last event.'),
  ])
  .meta({ id: 'Event', description: 'One of the stream’s events; the data is JSON, in one line.' });

/** What the OpenAPI document says of the stream. */
export const eventsOperation = {
  operationId: 'streamEvents',
  summary: 'Follow the sessions as server-sent events',
  description:
    'An extension of uapid, unknown to cPanel. What Ftp::list_transfers tells the account, looked up once a second and sent when it changes. The last event of each state has an id; a reader that comes back with it in Last-Event-ID is sent that state no second time. The stream ends with “over” when the token is revoked or expires, the login ends, the password changes or the account is removed. An account may have 30 streams at a time. At the gateway of a fleet all servers are told with their counts, and the sessions of those alone that “open” names, where it is given; it asks again after ten times as long as that took, from one to five seconds.',
  tags: ['Ftp'],
  querystring: z.object({
    open: z
      .string()
      .optional()
      .describe(
        'At the gateway of a fleet: the servers whose sessions are wanted, names by commas, or * for all, as without it.',
      ),
  }),
  headers: z.object({
    'last-event-id': z.string().optional().describe('The id of the state that the reader has.'),
  }),
  response: {
    200: {
      description: 'Events, until one side ends them.',
      content: { 'text/event-stream': { schema: event } },
    },
    401: wrappedRefusal.describe('No valid credentials.'),
    ...refusalAnswers(wrappedRefusal),
  },
};
