import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';
import { isForNodeAlone } from '../../support/extent.ts';
import { isAlive } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import {
  api2Clients,
  type CredentialKind,
  fossBillingDoes,
  type Outcome,
  type PublishedClient,
  panels,
  publishedClients,
  type Wanted,
} from './client-table.ts';
import { asVisitors, setScene } from './scene.ts';
import { type Sender, type SenderLanguage, startSender } from './sender.ts';

/** One program a language, for all its clients. */
const senders = new Map<SenderLanguage, Sender>();

/** The clients from npm send by themselves. */
const noSender: Sender = {
  send: () => assert.fail('a client of its own sends by itself'),
  stop: async () => {},
};

/** On a second Node.js those that it runs itself. */
const isForHere = ({ language }: Pick<PublishedClient, 'language'>) =>
  !isForNodeAlone || language === 'javascript';

describe('published clients of cPanel', { skip: needsSandbox() }, () => {
  const scene = setScene();

  before(async () => {
    // cpanel-rest-api has no setting for it; it uses the process' own agent.
    https.globalAgent.options.ca = scene.uapid.certificate;
    const wanted = [...publishedClients, ...api2Clients]
      .filter(isForHere)
      .map(({ language }) => language);
    for (const language of new Set(wanted)) {
      if (language !== 'javascript') senders.set(language, await startSender(language));
    }
  });
  after(async () => {
    for (const sender of senders.values()) await sender.stop();
  });

  function call(
    client: PublishedClient,
    wanted: Wanted,
    {
      by = client.by[0] ?? 'token',
      isWrong = false,
    }: { by?: CredentialKind; isWrong?: boolean } = {},
  ): Promise<Outcome> {
    const { root, alice, carol, host } = scene.uapid;
    const own = wanted.user === carol.name ? carol : alice;
    const credentials = client.as === 'administrator' ? root : own;
    const wrong = isWrong ? { password: 'not-the-password', token: 'not-the-token' } : {};
    const sender = senders.get(client.language as SenderLanguage) ?? noSender;
    return client.call({ ...credentials, ...wrong, host, by }, wanted, sender);
  }

  const list = { func: 'list_sessions', user: 'alice' } as const;

  for (const client of publishedClients.filter(isForHere)) {
    describe(client.name, () => {
      for (const by of client.by) {
        test(`lists the account’s sessions by ${by}`, async () => {
          assert.deepEqual(visitorsOf(await call(client, list, { by })), scene.visitors('alice'));
        });
      }

      for (const by of [...client.by, ...(client.refused ?? [])]) {
        test(`tells its user that a ${by} is wrong`, async () => {
          const outcome = await call(client, list, { by, isWrong: true });
          assert.ok('error' in outcome && outcome.error !== '', JSON.stringify(outcome));
        });
      }

      test('filters, sorts and pages', async () => {
        const args = {
          'api.filter': '1',
          'api.filter_column': 'status',
          'api.filter_type': 'ends',
          'api.filter_term': 'L',
          'api.sort': '1',
          'api.sort_column': 'pid',
          'api.sort_method': 'numeric',
          'api.paginate': '1',
          'api.paginate_start': '2',
          'api.paginate_size': '1',
        };
        const moving = scene.visitors('alice').filter(({ status }) => status !== 'IDLE');
        assert.equal(moving.length, 2);
        assert.deepEqual(visitorsOf(await call(client, { ...list, args })), moving.slice(1));
      });

      test('tells its user of a function and of a module that are not there', async () => {
        const func = await call(client, { ...list, func: 'nope' });
        assert.match(
          textOf(func),
          /The system could not find the function “nope” in the module “Ftp”\./,
        );
        const module = await call(client, { ...list, module: 'Nope' });
        assert.match(textOf(module), /Failed to load module “Nope”: /);
      });

      test('ends the sessions of an account, and no others', async () => {
        const ftp = await scene.connect(users.carol);
        const pid = await ftp.sessionPid();
        const outcome = await call(client, {
          func: 'kill_session',
          user: 'carol',
          args: { login: 'carol' },
        });
        assert.deepEqual(outcome, { data: null });
        await until(() => !isAlive(pid), { what: 'the session has ended' });
        ftp.destroy();
        assert.deepEqual(visitorsOf(await call(client, list)), scene.visitors('alice'));
      });
    });
  }

  for (const client of api2Clients.filter(isForHere)) {
    describe(client.name, () => {
      for (const by of client.by) {
        test(`lists the account’s sessions by ${by}, every value a text, and says that a wrong one is wrong`, async () => {
          const wanted = { ...list, func: 'listftpsessions' };
          const rows = dataOf(await call(client, wanted, { by }));
          assert.deepEqual(asVisitors(rows, 'string'), scene.visitors('alice'));
          assert.notEqual(textOf(await call(client, wanted, { by, isWrong: true })), '');
        });
      }

      test('tells its user of a function that is not there', async () => {
        const outcome = await call(client, { ...list, func: 'nope' });
        assert.equal(textOf(outcome), "Could not find function 'nope' in module 'Ftp'");
      });
    });
  }

  // All of these are of another language.
  if (isForNodeAlone) return;

  test('FOSSBilling does not believe that it has suspended, cancelled or changed an account', async () => {
    const { root, host } = scene.uapid;
    const sender = senders.get('php') ?? noSender;
    for (const deed of ['suspendacct', 'unsuspendacct', 'removeacct', 'passwd', 'changepackage']) {
      const said = await fossBillingDoes({ ...root, host, by: 'token' }, deed, sender);
      assert.equal(said, `Unknown App Requested: ${deed}`);
    }
  });

  for (const panel of panels) {
    test(`${panel.name}: “test connection” is good with the right credentials alone`, async () => {
      const { root, host } = scene.uapid;
      const sender = senders.get(panel.language) ?? noSender;
      const right = { ...root, host, by: 'token' } as const;
      assert.equal(await panel.test(right, sender), null);
      const said = await panel.test({ ...right, token: 'not-the-token' }, sender);
      assert.ok(said !== null && said !== '', panel.name);
    });
  }
});

test('at least twelve clients in at least five languages are run, and docs/clients names each', () => {
  assert.ok(publishedClients.length >= 12);
  assert.ok(new Set(publishedClients.map(({ language }) => language)).size >= 5);
  assert.ok(panels.length >= 4);
  const table = readFileSync(join(projectRoot(), 'docs/clients/README.md'), 'utf8');
  const said = (name: string) => name.replace(/ .*/, '');
  for (const { name } of [...publishedClients, ...api2Clients, ...panels]) {
    assert.ok(table.includes(said(name)), `the table lacks ${name}`);
  }
});

function dataOf(outcome: Outcome): unknown {
  assert.ok('data' in outcome, JSON.stringify(outcome));
  return outcome.data;
}

const visitorsOf = (outcome: Outcome) => asVisitors(dataOf(outcome));

function textOf(outcome: Outcome): string {
  assert.ok('error' in outcome, JSON.stringify(outcome));
  return outcome.error;
}
