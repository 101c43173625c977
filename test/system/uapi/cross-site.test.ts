import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { functions } from '../../../src/uapi/functions.ts';
import { password, testServices, tokenOf } from '../../support/app.ts';
import { cpanelPorts, startCpanelServer } from '../../support/cpanel-ports.ts';
import { as, post, request, withServer } from '../../support/http.ts';
import { logIn, showLogin } from '../ownership/credentials.ts';
import { doors, type Outcome } from '../ownership/doors.ts';

const changing = functions.filter(({ changes }) => changes);
const textFor = (name: string) =>
  `The function “Ftp::${name}” changes something, so a page of another site may not call it. Nothing was changed.`;
const wayOut =
  'A program that names itself Mozilla sends this call by POST, or with an API token in place of the password.';
const line = (name: string, by: string, reason: string) =>
  `call-refused address=127.0.0.1 account="alice" by="${by}" reason=${reason} function="Ftp::${name}"\n`;
const withoutTime = (text: string) => text.replace(/^uapid-audit: \S+ /, '');

/** Neither is a session ended nor the host looked at. */
const untouched = () =>
  testServices({ sessions: { snapshot: () => assert.fail('the host was looked at') } });

const foreign = [
  'Sec-Fetch-Site: cross-site',
  'Sec-Fetch-Site: same-site',
  'Origin: https://evil.example',
  'Origin: null',
];

test('the functions that change something are known', () => {
  assert.deepEqual(
    changing.map(({ name }) => name),
    ['kill_session', 'end_session'],
  );
});

for (const { name } of changing) {
  describe(`Ftp::${name} for a page of another site`, () => {
    for (const door of doors.filter(({ isApi2 }) => !isApi2)) {
      test(`is refused at the door ${door.name}, with a password, which browsers send by themselves`, async () => {
        const services = untouched();
        await withServer(services, async (server) => {
          const caller = door.namesAccount ? 'admin' : 'alice';
          const target = door.target(name, [['login', 'all']], door.namesAccount ? 'alice' : null);
          const outcome: Outcome = {
            data: null,
            metadata: {},
            messages: [],
            warnings: [],
            error: textFor(name),
          };
          for (const method of ['GET', 'POST']) {
            for (const header of foreign) {
              const bytes = request(`${method} ${target}`, [header, as(caller)]);
              const { status, body } = await server.send(bytes);
              assert.deepEqual([status, body], [200, door.body(name, outcome)], header);
              const lines = services.auditLines.splice(0).map(withoutTime);
              assert.deepEqual(lines, [line(name, caller, 'cross-site')]);
            }
          }
        });
      });
    }

    test('is refused with the cookie and the token, and with the token of an API', async () => {
      const services = untouched();
      await withServer(services, async (server) => {
        const { header, prefix } = showLogin(await logIn(server, 'alice', password));
        const token = `Authorization: cpanel alice:${tokenOf('alice')}`;
        for (const [target, credential] of [
          [`${prefix}/execute/Ftp/${name}`, header],
          [`/execute/Ftp/${name}`, token],
        ] as const) {
          for (const each of foreign) {
            const { body } = await server.send(request(`GET ${target}`, [each, credential]));
            assert.deepEqual(JSON.parse(body).errors, [textFor(name)]);
          }
        }
      });
    });

    test('is not even heard with the cookie alone, wherever the page is', async () => {
      await withServer(untouched(), async (server) => {
        const { header } = showLogin(await logIn(server, 'alice', password));
        for (const site of ['same-origin', 'cross-site', 'none']) {
          for (const path of [`/execute/Ftp/${name}`, `/cpsess0000000000/Ftp/${name}`]) {
            const headers = [header, `Sec-Fetch-Site: ${site}`];
            assert.equal((await server.send(request(`GET ${path}`, headers))).status, 401);
          }
        }
      });
    });

    test('is refused to who wants the headers alone, at every door', async () => {
      const services = untouched();
      await withServer(services, async (server) => {
        for (const door of doors.filter(({ isApi2 }) => !isApi2)) {
          const caller = door.namesAccount ? 'admin' : 'alice';
          const target = door.target(name, [['login', 'all']], door.namesAccount ? 'alice' : null);
          await server.send(request(`HEAD ${target}`, [as(caller)]));
          const lines = services.auditLines.splice(0).map(withoutTime);
          assert.deepEqual(lines, [line(name, caller, 'headers-only')]);
        }
      });
    });

    test('is let through by POST from programs that name themselves Mozilla, and by GET with the way out named, on all four ports', async () => {
      const services = testServices();
      const panel = await startCpanelServer(services);
      try {
        const args = 'login=nobody&pid=1&start=1';
        const mozilla = 'User-Agent: Mozilla/5.0 (compatible; Panel/1.0)';
        for (const port of cpanelPorts) {
          const isAdministrator = port === 2086 || port === 2087;
          const headers = [mozilla, as(isAdministrator ? 'admin' : 'alice')];
          const form = 'application/x-www-form-urlencoded';
          const body = async (bytes: Uint8Array) => (await panel.send(port, bytes)).body;
          const path = `/execute/Ftp/${name}`;
          assert.doesNotMatch(await body(post(path, form, args, headers)), /another site/);
          assert.doesNotMatch(await body(request(`POST ${path}?${args}`, headers)), /another site/);
          services.auditLines.splice(0);
          assert.equal(
            await body(request(`GET ${path}?${args}`, headers)),
            `{"data":null,"errors":["${textFor(name)} ${wayOut}"],"messages":null,"metadata":{"error_codes":["other-site"]},"status":0,"warnings":null}`,
          );
          assert.match(
            services.auditLines.join(''),
            /^uapid-audit: \S+ call-refused .* reason=cross-site /,
          );
          const withToken = [mozilla, `Authorization: cpanel admin:${tokenOf('admin')}`];
          assert.doesNotMatch(
            await body(request(`GET ${path}?${args}`, withToken)),
            /another site/,
          );
        }
      } finally {
        await panel.close();
      }
    });

    test('is let through from our own page and from programs', async () => {
      await withServer(testServices(), async (server) => {
        const target = `/execute/Ftp/${name}?login=nobody&pid=1&start=1`;
        for (const headers of [
          [],
          ['Sec-Fetch-Site: same-origin', 'Origin: http://x'],
          ['Sec-Fetch-Site: none'],
        ]) {
          const { body } = await server.send(request(`GET ${target}`, [...headers, as('alice')]));
          assert.doesNotMatch(body, /another site/);
        }
      });
    });
  });
}

test('what only reads is answered to every page that knows the password', async () => {
  await withServer(testServices(), async (server) => {
    for (const { module, name } of functions.filter(({ changes }) => !changes)) {
      const ask = (...headers: string[]) =>
        server.send(request(`GET /execute/${module}/${name}`, [...headers, as('alice')]));
      const [own, other] = [await ask(), await ask(foreign[0] ?? '')];
      assert.equal(other.body, own.body);
      // There is no log of sessions here to list.
      const isListed = !name.startsWith('list_history');
      assert.equal(JSON.parse(other.body).status, isListed ? 1 : 0, name);
    }
  });
});

test('a call that role or feature does not allow is in the audit log, too', async () => {
  const services = untouched();
  await withServer(services, async (server) => {
    await server.send(request('GET /Ftp/kill_session', [as('plain')]));
  });
  await withServer({ ...services, roles: { isEnabled: () => false } }, async (server) => {
    await server.send(request('GET /Ftp/kill_session', [as('alice')]));
    await server.send(request('GET /Ftp/list_sessions', [as('alice')]));
  });
  assert.deepEqual(services.auditLines.map(withoutTime), [
    line('kill_session', 'plain', 'feature').replace('"alice"', '"plain"'),
    line('kill_session', 'alice', 'role'),
  ]);
});
