import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createAnswerer } from '../../../../src/fleet/agent/answer-ask.ts';
import { parseAnswerPart } from '../../../../src/fleet/messages/answer.ts';
import { encodeFrame, signRequest } from '../../../../src/fleet/signature/signed-frame.ts';
import type {
  AgentTransport,
  Answerer,
  GatewayTransport,
} from '../../../../src/fleet/transport/transport.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import { ftpSession } from '../../../support/app.ts';
import { listsAlone } from '../../../support/lists-alone.ts';
import { newId } from '../../../support/new-fleet-key.ts';
import { newSigner } from '../../../support/new-signer.ts';
import { until } from '../../../support/until.ts';

/** A network with the members gw1, web1 and web2. */
export interface ContractNetwork {
  gateway(): Promise<GatewayTransport>;
  /** Resolves when requests reach it. */
  agent(host: 'web1' | 'web2', answer: Answerer): Promise<AgentTransport>;
  /** One machine alone can be at a host's address, so that no second one answers a request. */
  readonly hasOneAddress?: true;
  /** Takes the gateway's connection away. */
  cut(): Promise<void>;
  /** Gives it back. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

const patient = () => AbortSignal.timeout(20_000);
const text = (parts: readonly Uint8Array[]) => parts.map((part) => Buffer.from(part).toString());
const bytes = (...texts: string[]) => texts.map((each) => Buffer.from(each));

/** What every transport promises. */
export function testTransport(
  name: string,
  open: () => Promise<ContractNetwork>,
  options: { readonly skip?: string | false } = {},
): void {
  describe(`the transport ${name}`, options, () => {
    let network: ContractNetwork;
    let gateway: GatewayTransport;
    before(async () => {
      network = await open();
      gateway = await network.gateway();
    });
    after(() => network?.close());

    async function withAgents(
      answers: readonly (readonly ['web1' | 'web2', Answerer])[],
      run: () => Promise<void>,
    ): Promise<void> {
      const agents = await Promise.all(answers.map(([host, each]) => network.agent(host, each)));
      try {
        await run();
      } finally {
        await Promise.all(agents.map((agent) => agent.close()));
        for (const [host] of answers) await untilAbsent(host);
      }
    }

    const untilAbsent = (host: string) =>
      until(
        async () =>
          (await gateway.ask(host, 'list', Buffer.from(''), { signal: AbortSignal.timeout(100) }))
            .kind === 'absent',
        { what: `${host} is known to be away` },
      );

    test('the host that is asked gets verb and bytes, and its parts come back in order', async () => {
      const body = randomBytes(70_000);
      const asked: string[] = [];
      const answer: Answerer = async (verb, got) => {
        asked.push(`${verb} ${Buffer.compare(got, body)}`);
        return bytes('one', '', 'three');
      };
      await withAgents(
        [
          ['web1', answer],
          ['web2', async () => bytes('another')],
        ],
        async () => {
          asked.length = 0;
          const result = await gateway.ask('web1', 'list', body, { signal: patient() });
          assert.ok(result.kind === 'answer');
          assert.deepEqual(text(result.parts), ['one', '', 'three']);
          assert.deepEqual(asked, ['list 0']);
        },
      );
    });

    test('a host that is not connected is told at once, without waiting for the signal', async () => {
      const never = new AbortController();
      const result = await gateway.ask('web2', 'list', Buffer.from('x'), { signal: never.signal });
      assert.equal(result.kind, 'absent');
    });

    test('a host that does not answer is silent at the signal, and its late answer is told', async () => {
      let answer: () => void = () => {};
      const gate = new Promise<void>((resolve) => {
        answer = resolve;
      });
      let isHeld = false;
      const answerer: Answerer = async () => {
        if (isHeld) await gate;
        return bytes('late');
      };
      await withAgents([['web1', answerer]], async () => {
        isHeld = true;
        const extra: unknown[] = [];
        const controller = new AbortController();
        const asking = gateway.ask('web1', 'list', Buffer.from('x'), {
          signal: controller.signal,
          askedAt: 17,
          onExtra: (part, ...asked) => extra.push([...text([part]), ...asked]),
        });
        controller.abort();
        assert.equal((await asking).kind, 'silent');
        answer();
        await until(() => extra.length > 0, { what: 'the late answer is told' });
        assert.deepEqual(extra, [['late', 'web1', 17]]);
      });
    });

    test('the numbers of sessions come without their rows, in one small part', async () => {
      const sessions = Array.from({ length: 30_000 }, (_, index) =>
        ftpSession({ pid: index + 1, state: index < 10 ? 'download' : 'idle' }),
      );
      const { answerer, ask } = realHost(async () => sessions);
      await withAgents([['web1', answerer]], async () => {
        const part = await ask({ counts: true });
        assert.ok('sessions' in part);
        assert.deepEqual(part.head?.counts, { sessions: 30_000, downloads: 10, uploads: 0 });
        assert.deepEqual(part.sessions, []);
      });
    });

    /** A host’s answerer with these sessions, two requests at a time, and what asks it as a gateway does. */
    function realHost(look: () => Promise<readonly FtpSession[]>) {
      const signer = newSigner();
      const instance = newId();
      const answerer = createAnswerer({
        host: 'web1',
        gateways: new Map([['gw1', signer.publicKey]]),
        allow: ['list'],
        sessions: {
          snapshot: async () => {
            const sessions = await look();
            return { begunAt: 5, durationMs: 1, scanNumber: 1, sessions, gaps: [], daemons: [] };
          },
        },
        ...listsAlone,
        instance,
        version: '1',
        maxPartBytes: () => 1_000,
        maxAtATime: 2,
        onRefusal: () => {},
        onInternalError: (error) => assert.fail(String(error)),
      });
      const ask = async (more: { readonly counts?: true } = {}) => {
        const message = Buffer.from(
          JSON.stringify({
            v: 1,
            verb: 'list',
            via: 'gw1',
            nonce: newId(),
            issuedAt: Date.now(),
            hosts: ['web1'],
            question: { users: null, details: false, ...more },
          }),
        );
        const signature = signRequest(message, signer.key);
        const body = encodeFrame({ gateway: 'gw1', signature, message });
        const result = await gateway.ask('web1', 'list', body, { signal: patient() });
        assert.equal(result.kind, 'answer');
        const [only, ...others] = result.kind === 'answer' ? result.parts : [];
        assert.equal(others.length, 0);
        return parseAnswerPart(only ?? Buffer.alloc(0)) ?? assert.fail('no part of an answer');
      };
      return { answerer, ask, instance };
    }

    test('a host that works on as many requests as it does refuses the next at once, and does nothing of it', async () => {
      let scans = 0;
      let letGo: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const { answerer, ask, instance } = realHost(async () => {
        scans += 1;
        await held;
        return [];
      });
      await withAgents([['web1', answerer]], async () => {
        const first = [ask(), ask()];
        await until(() => scans === 2, { what: 'two are worked on' });
        const third = await ask();
        assert.ok('refused' in third);
        assert.deepEqual([third.refused, third.instance], ['busy', instance]);
        assert.equal(scans, 2);
        letGo();
        for (const part of await Promise.all(first)) assert.ok('sessions' in part);
        assert.ok('sessions' in (await ask()), 'there is room again');
      });
    });

    test('an answer in no part at all is none', async () => {
      let isNone = false;
      await withAgents([['web1', async () => (isNone ? null : bytes('here'))]], async () => {
        isNone = true;
        const controller = new AbortController();
        // Nothing comes, so how long nothing is waited for does not matter.
        setTimeout(() => controller.abort(), 50);
        const { signal } = controller;
        assert.equal(
          (await gateway.ask('web1', 'list', Buffer.from('x'), { signal })).kind,
          'silent',
        );
      });
    });

    test('the second of two that answer for one host is told, and its parts are never mixed in', async () => {
      const clone =
        (name: string): Answerer =>
        async () =>
          bytes(`${name} 1`, `${name} 2`);
      await withAgents(
        [
          ['web1', clone('a')],
          ['web1', clone('b')],
        ],
        async () => {
          const extra: string[] = [];
          const result = await gateway.ask('web1', 'list', Buffer.from('x'), {
            signal: patient(),
            onExtra: (part) => extra.push(...text([part])),
          });
          assert.ok(result.kind === 'answer');
          if (network.hasOneAddress === true) {
            assert.match(text(result.parts).join(), /^([ab]) 1,\1 2$/);
            assert.deepEqual(extra, []);
            return;
          }
          await until(() => extra.length === 2, { what: 'both parts of the second are told' });
          assert.equal([...text(result.parts), ...extra].sort().join(), 'a 1,a 2,b 1,b 2');
        },
      );
    });

    test('when the gateway loses its own connection all that is out is lost at once, nobody silent or absent', async () => {
      const answer: Answerer = (_verb, body) =>
        body.length === 1 ? new Promise(() => {}) : Promise.resolve(bytes('here'));
      await withAgents([['web1', answer]], async () => {
        const never = new AbortController();
        const asks = ['web1', 'web1'].map((host) =>
          gateway.ask(host, 'list', Buffer.from('x'), { signal: never.signal }),
        );
        await network.cut();
        assert.deepEqual(
          (await Promise.all(asks)).map(({ kind }) => kind),
          ['lost', 'lost'],
        );
        const later = await gateway.ask('web2', 'list', Buffer.from('x'), { signal: never.signal });
        assert.equal(later.kind, 'lost');
        assert.notEqual(gateway.problem(), null);
        await network.mend();
        assert.equal(gateway.problem(), null);
        await until(
          async () =>
            (await gateway.ask('web1', 'list', Buffer.from('hi'), { signal: patient() })).kind ===
            'answer',
          { what: 'web1 answers again' },
        );
      });
    });
  });
}
