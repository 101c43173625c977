import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ftpSession, snapshot, testServices } from '../../support/app.ts';
import { as, post, request, withServer } from '../../support/http.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { doors, type Outcome } from '../ownership/doors.ts';
import { type Login, openScene, resultOf, type Visitor } from './ending-scene.ts';

const address = '127.0.0.1';
const line = (
  account: string,
  { pid, start }: Visitor,
  login: Login,
  outcome: string,
  by = account,
) =>
  `session-ended address=${address} account="${account}" by="${by}" pid=${pid} start=${start} login="${login}" outcome=${outcome}`;

describe('Ftp::kill_session', { skip: needsSandbox() }, () => {
  for (const state of ['idle', 'download', 'upload'] as const) {
    test(`ends an account's sessions, during ${state}, and nobody else's`, async (t) => {
      const scene = await openScene(t);
      const [one, two, foreign] = [
        await scene.visit('alice'),
        await scene.visit('dev@alice.example'),
        await scene.visit('bob'),
      ];
      if (state === 'download') await one.client.startDownload('big.bin');
      if (state === 'upload') await one.client.startUpload('up.bin');
      assert.deepEqual(resultOf(await scene.get('alice', '/execute/Ftp/kill_session')), {
        data: null,
        errors: null,
        messages: ['2 FTP sessions were ended.'],
        metadata: {},
        status: 1,
        warnings: null,
      });
      assert.equal(await one.isThere(), false);
      assert.equal(await two.isThere(), false);
      assert.equal(await foreign.isThere(), true);
      assert.deepEqual(
        scene.audited().sort(),
        [
          line('alice', one, 'alice', 'ended'),
          line('alice', two, 'dev@alice.example', 'ended'),
        ].sort(),
      );
      const list = resultOf(await scene.get('admin', '/execute/Ftp/list_sessions'));
      assert.deepEqual(
        (list.data as { pid: number }[]).map(({ pid }) => pid),
        [foreign.pid],
      );
    });
  }

  test('ends the sessions of one login', async (t) => {
    const scene = await openScene(t);
    const [own, dev, again] = [
      await scene.visit('alice'),
      await scene.visit('dev@alice.example'),
      await scene.visit('dev@alice.example'),
    ];
    const target = '/Ftp/kill_session?login=dev%40alice.example&session=5&user=alice';
    const { messages } = resultOf(await scene.get('alice', target));
    assert.deepEqual(messages, ['2 FTP sessions were ended.']);
    assert.deepEqual(
      [await own.isThere(), await dev.isThere(), await again.isThere()],
      [true, false, false],
    );
    assert.equal(scene.audited().length, 2);
    // Once more there is nobody, which is no failure.
    const none = resultOf(await scene.get('alice', target));
    assert.deepEqual(
      [none.status, none.messages, none.warnings],
      [1, ['There was no FTP session of “dev@alice.example” to end.'], null],
    );
    assert.deepEqual(scene.audited(), [
      'session-ended address=127.0.0.1 account="alice" by="alice" pid=- start=- login="dev@alice.example" outcome=none',
    ]);
  });

  test('ends nothing of somebody else, whoever is named, and tells nothing of it', async (t) => {
    const scene = await openScene(t);
    const foreign = await scene.visit('bob');
    const named = await scene.get('alice', '/Ftp/kill_session?login=bob');
    assert.deepEqual(resultOf(named).messages, ['There was no FTP session of “bob” to end.']);
    const all = await scene.get('alice', '/Ftp/kill_session?login=all');
    assert.deepEqual(resultOf(all).messages, ['There was no FTP session to end.']);
    const forAnother =
      '/json-api/cpanel?cpanel_jsonapi_user=bob&cpanel_jsonapi_apiversion=3&cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=kill_session';
    const acting = await scene.get('alice', forAnother);
    assert.deepEqual(resultOf(acting).messages, ['There was no FTP session to end.']);
    assert.ok(
      scene.audited().every((each) => /account="alice" by="alice" .*outcome=none$/.test(each)),
    );
    assert.equal(await foreign.isThere(), true);
    await foreign.client.quit();
    await until(async () => !(await foreign.isThere().catch(() => false)), { what: 'bob is gone' });
    // The very same bytes when there is no such session at all.
    assert.equal((await scene.get('alice', '/Ftp/kill_session?login=bob')).body, named.body);
  });

  test('ends any session for an administrator, and a reseller’s accounts’ for it', async (t) => {
    const scene = await openScene(t);
    const [alice, bob, carol] = [
      await scene.visit('alice'),
      await scene.visit('bob'),
      await scene.visit('carol'),
    ];
    const reseller = resultOf(await scene.get('rita', '/execute/Ftp/kill_session'));
    assert.deepEqual(reseller.messages, ['2 FTP sessions were ended.']);
    assert.deepEqual(
      [await alice.isThere(), await bob.isThere(), await carol.isThere()],
      [false, true, false],
    );
    assert.deepEqual(scene.audited().sort(), [
      line('alice', alice, 'alice', 'ended', 'rita'),
      line('rita', carol, 'carol', 'ended', 'rita'),
    ]);
    const admin = resultOf(await scene.get('admin', '/execute/Ftp/kill_session?login=bob'));
    assert.deepEqual(admin.messages, ['1 FTP session was ended.']);
    assert.equal(await bob.isThere(), false);
    assert.deepEqual(scene.audited(), [line('bob', bob, 'bob', 'ended', 'admin')]);
  });

  for (const door of doors) {
    test(`at the door ${door.name}, an administrator acting for an account where it can`, async (t) => {
      const scene = await openScene(t);
      const [own, foreign] = [await scene.visit('alice'), await scene.visit('bob')];
      const target = door.target('kill_session', [], door.namesAccount ? 'alice' : null);
      const caller = door.namesAccount ? 'admin' : 'alice';
      const { body } = door.forAdministrators
        ? await scene.getAsAdministrator(caller, target)
        : await scene.get(caller, target);
      const fine = { data: null, metadata: {}, warnings: [], error: null };
      // The older API has no such function.
      const error = `Could not find function 'kill_session' in module 'Ftp'`;
      const outcome: Outcome = door.isApi2
        ? { ...fine, messages: [], error }
        : { ...fine, messages: ['1 FTP session was ended.'] };
      assert.equal(body, door.body('kill_session', outcome));
      assert.equal(await own.isThere(), door.isApi2);
      assert.equal(await foreign.isThere(), true);
      const lines = door.isApi2 ? [] : [line('alice', own, 'alice', 'ended', caller)];
      assert.deepEqual(scene.audited(), lines);
    });
  }

  const unknown: [target: string, argument: string][] = [
    ['/execute/Ftp/kill_session?sid=4711', 'sid'],
    ['/Ftp/kill_session?pid=1&start=2', 'start'],
    ['/Ftp/kill_session?user=alice&name=bob', 'name'],
    ['/Ftp/kill_session?User=alice', 'User'],
    ['/Ftp/kill_session?Login=alice', 'Login'],
    ['/Ftp/kill_session?api.filter_column=x&session=1', 'session'],
    // What another door needs is of no meaning here.
    ['/execute/Ftp/kill_session?cpanel_jsonapi_user=bob', 'cpanel_jsonapi_user'],
    [
      '/json-api/cpanel?cpanel_jsonapi_apiversion=3&cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=kill_session&ids=1',
      'ids',
    ],
  ];
  test('refuses what it does not know in place of a login, and says what to send', async (t) => {
    const scene = await openScene(t);
    const visitor = await scene.visit('alice');
    for (const [target, argument] of unknown) {
      const { status, errors } = resultOf(await scene.get('alice', target));
      assert.equal(status, 0, target);
      assert.match(errors?.[0] ?? '', new RegExp(`does not know the argument “${argument}”`));
      assert.match(errors?.[0] ?? '', /Send login=NAME .*login=all .*Ftp::end_session/);
    }
    const body = post('/Ftp/kill_session', 'application/json', '{"sid":5}', [as('alice')]);
    assert.match(resultOf(await scene.send(body)).errors?.[0] ?? '', /argument “sid”/);
    const empty = resultOf(await scene.get('alice', '/Ftp/kill_session?login='));
    assert.match(empty.errors?.[0] ?? '', /^The argument “login” is empty\. Send login=NAME/);
    const wrong = [
      'user=',
      'id=',
      'pid=0',
      'pid=all',
      'id=1,2',
      'id=-1',
      'id=1e3',
      'login=all&pid=x',
    ];
    for (const args of wrong) {
      const { status, errors } = resultOf(await scene.get('alice', `/Ftp/kill_session?${args}`));
      assert.equal(status, 0, args);
      assert.match(errors?.[0] ?? '', /(?:is empty|take the PID of a session)\. Send login=NAME/);
    }
    const lines = scene.audited();
    assert.equal(lines.length, unknown.length + wrong.length + 2);
    assert.deepEqual(
      [...new Set(lines)],
      [
        'call-refused address=127.0.0.1 account="alice" by="alice" reason=arguments function="Ftp::kill_session"',
      ],
    );
    assert.equal(await visitor.isThere(), true);
  });

  const selections: [args: string, ended: readonly Login[]][] = [
    ['user=alice', ['alice']],
    ['user=dev', ['dev@alice.example']],
    ['user=dev%40alice.example', ['dev@alice.example']],
    ['user=all', ['alice', 'dev@alice.example']],
    ['user=all&login=all', ['alice', 'dev@alice.example']],
    ['user=dev&login=all', ['dev@alice.example']],
    ['user=alice&login=all', ['alice']],
    ['user=alice&login=dev%40alice.example', ['dev@alice.example']],
    ['user=dev&login=alice', []],
    ['user=bob', []],
    ['user=de', []],
    ['user=DEV', []],
    ['login=dev', []],
    ['id=ALICE', ['alice']],
    ['pid=ALICE', ['alice']],
    ['id=ALICE&pid=ALICE', ['alice']],
    ['id=ALICE&login=all', ['alice']],
    ['id=ALICE&user=alice&login=alice', ['alice']],
    ['id=ALICE&login=dev%40alice.example', []],
    ['id=ALICE&user=dev', []],
    ['id=ALICE&pid=DEV', []],
    ['id=BOB', []],
    ['pid=BOB&login=all', []],
    ['pid=1', []],
  ];
  test('ends what published programs mean by user, id and pid, and never more', async (t) => {
    const scene = await openScene(t);
    const bob = await scene.visit('bob');
    const names = ['alice', 'dev@alice.example'] as const;
    const open = new Map<Login, Visitor>();
    for (const [args, ended] of selections) {
      for (const name of names) if (!open.has(name)) open.set(name, await scene.visit(name));
      const pidOf = (name: Login) => String(open.get(name)?.pid);
      const sent = args
        .replaceAll('ALICE', pidOf('alice'))
        .replace('=DEV', (text) =>
          args.startsWith('user') ? text : `=${pidOf('dev@alice.example')}`,
        )
        .replaceAll('BOB', String(bob.pid));
      const { status, messages } = resultOf(await scene.get('alice', `/Ftp/kill_session?${sent}`));
      const count = ended.length === 1 ? '1 FTP session was' : `${ended.length} FTP sessions were`;
      assert.equal(status, 1, args);
      assert.match(
        messages?.[0] ?? '',
        ended.length === 0 ? /^There was no FTP session/ : new RegExp(`^${count} ended`),
        args,
      );
      for (const name of names) {
        const isThere = await open.get(name)?.isThere();
        assert.equal(isThere, !ended.includes(name), `${args}: ${name}`);
        if (!isThere) open.delete(name);
      }
      assert.ok(await bob.isThere(), args);
    }
  });

  test('a name that is the account’s own is no other login’s, also while it is not there', async (t) => {
    const scene = await openScene(t);
    const visitor = await scene.visit('dev@alice.example');
    // To an administrator “dev” is the beginning of one login, to alice her own name is hers.
    await scene.get('alice', '/Ftp/kill_session?user=alice');
    assert.ok(await visitor.isThere());
    await scene.get('admin', '/Ftp/kill_session?user=dev');
    assert.equal(await visitor.isThere(), false);
  });

  test('fails when it could end none of those that it was about', async (t) => {
    const scene = await openScene(t, { areSignalsLost: true });
    const stuck = await scene.visit('alice');
    const calls = [
      `/execute/Ftp/kill_session?id=${stuck.pid}`,
      `/execute/Ftp/end_session?pid=${stuck.pid}&start=${stuck.start}`,
    ];
    for (const target of calls) {
      const { status, data, errors } = resultOf(await scene.get('alice', target));
      assert.deepEqual([status, data], [0, null]);
      assert.deepEqual(errors, [
        `No FTP session was ended. The FTP session of “alice” with the PID ${stuck.pid} did not end within 5 seconds, nor by force: it is still there.`,
      ]);
    }
    assert.deepEqual(
      scene.audited(),
      calls.map(() => line('alice', stuck, 'alice', 'remains')),
    );
  });

  test('takes the parameters of every list, which it does not need, for nothing', async (t) => {
    const scene = await openScene(t);
    const visitor = await scene.visit('alice');
    const target = '/execute/Ftp/kill_session?api.version=1&api.filter_column=user&api.analytics=x';
    const { messages } = resultOf(await scene.get('alice', target));
    assert.deepEqual(messages, ['1 FTP session was ended.']);
    assert.equal(await visitor.isThere(), false);
  });

  test('ends a session that its owner has stopped', async (t) => {
    const scene = await openScene(t);
    const stopped = await scene.visit('alice');
    // A stopped process keeps every signal but SIGKILL for later.
    process.kill(stopped.pid, 'SIGSTOP');
    const result = resultOf(await scene.get('alice', '/execute/Ftp/kill_session'));
    assert.deepEqual(
      [result.status, result.messages, result.warnings],
      [1, ['1 FTP session was ended.'], null],
    );
    assert.deepEqual(scene.audited(), [line('alice', stopped, 'alice', 'ended')]);
  });

  test('is answered to everybody who calls at once, and ends each session for somebody', async (t) => {
    const scene = await openScene(t);
    const visitors = [
      await scene.visit('alice'),
      await scene.visit('alice'),
      await scene.visit('alice'),
    ];
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => scene.get('alice', '/execute/Ftp/kill_session')),
    );
    for (const answer of answers) {
      const { status, warnings, messages } = resultOf(answer);
      assert.deepEqual([status, warnings], [1, null]);
      assert.match(messages?.[0] ?? '', /ended\.$|to end\.$/);
    }
    for (const visitor of visitors) assert.equal(await visitor.isThere(), false);
    const ended = scene.audited().filter((each) => each.endsWith('outcome=ended'));
    for (const { pid } of visitors) assert.ok(ended.some((each) => each.includes(` pid=${pid} `)));
  });
});

test('a name that several logins begin with ends none of them', async () => {
  const services = testServices({
    sessions: {
      snapshot: async () =>
        snapshot({
          sessions: [
            ftpSession({ user: 'dev@a.example' }),
            ftpSession({ pid: 2, user: 'dev@b.example' }),
          ],
        }),
    },
  });
  await withServer(services, async (server) => {
    const bytes = request('GET /execute/Ftp/kill_session?user=dev', [as('alice')]);
    const { status, errors } = resultOf(await server.send(bytes));
    assert.deepEqual(
      [status, errors],
      [0, ['More than one FTP login is called “dev@…”: send the whole name. Nothing was ended.']],
    );
  });
  assert.match(services.auditLines.join(''), /call-refused .* reason=arguments /);
});

test('ending that breaks off is an internal error, and in the audit log', async () => {
  const services = testServices({
    sessions: {
      snapshot: async () => snapshot({ sessions: [ftpSession(), ftpSession({ pid: 2 })] }),
    },
    sessionEnder: { end: () => Promise.reject(new Error('secret detail')) },
  });
  await withServer(services, async (server) => {
    const answer = await server.send(request('GET /execute/Ftp/kill_session', [as('alice')]));
    assert.match(resultOf(answer).errors?.[0] ?? '', /^Internal error/);
  });
  const lines = services.auditLines.map((each) => each.replace(/^uapid-audit: \S+ /, ''));
  assert.deepEqual(
    lines,
    [6735, 2].map(
      (pid) =>
        `session-ended address=127.0.0.1 account="alice" by="alice" pid=${pid} start=1 login="alice" outcome=failed\n`,
    ),
  );
});

test('a login of a megabyte is not repeated', async () => {
  const services = testServices();
  await withServer(services, async (server) => {
    const type = 'application/x-www-form-urlencoded';
    for (const body of [`login=${'a'.repeat(900_000)}`, `${'a'.repeat(900_000)}=1`]) {
      const answer = await server.send(
        post('/execute/Ftp/kill_session', type, body, [as('alice')]),
      );
      assert.ok(answer.body.length < 1000);
    }
  });
  assert.ok(services.auditLines.every((each) => each.length < 1000));
});
