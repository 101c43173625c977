import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { maxPartBytes } from '../messages/answer.ts';
import {
  loadNats,
  type NatsPlace,
  type NatsReports,
  openNatsLink,
  partHeader,
  subscribeTo,
} from './nats-link.ts';
import { asksOf } from './subjects.ts';
import type { AgentTransport, Answerer } from './transport.ts';

/** Room for the headers of a message. */
const headerBytes = 1024;

/** A host that answers over a NATS server. It dials out and opens no port. */
export async function createNatsAgent(
  host: string,
  place: NatsPlace,
  answer: Answerer,
  reports: NatsReports,
): Promise<AgentTransport> {
  const nats = await loadNats();

  async function respond(connection: NatsConnection, { subject, data, reply }: Msg): Promise<void> {
    if (reply === undefined || reply === '') return;
    try {
      const verb = subject.slice(subject.lastIndexOf('.') + 1);
      const parts = (await answer(verb, data)) ?? [];
      const [only] = parts;
      if (only !== undefined && parts.length === 1) {
        connection.publish(reply, only);
        return;
      }
      for (const [index, part] of parts.entries()) {
        const headers = nats.headers();
        headers.set(partHeader, `${index + 1}/${parts.length}`);
        connection.publish(reply, part, { headers });
      }
    } catch (error) {
      reports.onProblem(`answering failed: ${(error as Error).message}`);
    }
  }

  const link = openNatsLink(nats, place, {
    ...reports,
    onDown: () => {},
    onConnection: (connection) => {
      subscribeTo(
        connection,
        asksOf(host),
        (message) => void respond(connection, message),
        (refusal) => {
          if (refusal === null) reports.onUp(connection.getServer());
          else reports.onProblem(`requests cannot be received: ${refusal.message}`);
        },
      );
    },
  });

  return {
    maxPartBytes: () => {
      const { max_payload: max = maxPartBytes } = link.current()?.info ?? {};
      return Math.min(maxPartBytes, max - headerBytes);
    },
    close: link.close,
  };
}
