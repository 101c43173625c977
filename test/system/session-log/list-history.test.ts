import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { HistoryAnswer } from '../../../src/session-log/history-answer.ts';
import { type HistoryLimits, openHistory } from '../../../src/session-log/open-history.ts';
import type { HistoryQuery } from '../../../src/sessions/history.ts';
import { addAccount } from '../../support/add-account.ts';
import { day, logText, pastSession } from '../../support/history-lines.ts';
import { childrenOf, titleOf } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder } from '../../support/users.ts';

const path = join(sandboxFolder, 'list-history.log');
const environment = { PATH: process.env['PATH'] };

describe('the history of a server that keeps a session log', { skip: needsSandbox() }, () => {
  let uapid: RunningUapid;
  before(async () => {
    // Without it there is nothing to record, and so nothing that may be missing.
    mkdirSync('/run/pure-ftpd', { recursive: true, mode: 0o755 });
    const other = pastSession(12, '02:00:00', { user: 'dev@bob.example' });
    writeFileSync(path, logText(pastSession(11, '01:00:00', { user: 'dev@shop.example' }), other));
    uapid = await startUapid(['--session-log', path]);
    addAccount(uapid.stateDir, 'shop', 'a-long-password-1', { ftpLogins: ['*@shop.example'] });
  });
  after(() => uapid?.stop());

  async function ask(target: string, name = uapid.user, password = uapid.password) {
    const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
    const response = await fetch(`${uapid.url}/execute/Ftp/${target}`, {
      headers: { authorization },
    });
    return (await response.json()) as {
      readonly data: { readonly pid: number }[] | null;
      readonly metadata: {
        readonly warning_codes?: string[];
        readonly error_codes?: string[];
      };
    };
  }
  const pidsOf = ({ data }: Awaited<ReturnType<typeof ask>>) => data?.map(({ pid }) => pid);

  /** Asks until there is one: it ends when nobody has asked for a while. */
  const reader = () =>
    until(
      async () => {
        await ask('list_history');
        return childrenOf(uapid.pid).find(({ pid }) => titleOf(pid) === 'uapid: history');
      },
      { what: 'a process reads the log', timeoutMs: 20_000 },
    );

  test('comes with what may be missing, to an account without what is not its own', async () => {
    assert.deepEqual(pidsOf(await ask('list_history')), [12, 11]);
    assert.deepEqual(pidsOf(await ask('list_history', 'shop', 'a-long-password-1')), [11]);
    const before = await ask('list_history?until=2020-01-01');
    assert.deepEqual([before.data, before.metadata.warning_codes], [[], ['history-begins']]);
    // What was not written down before this server.
    await until(
      async () => {
        const { metadata } = await ask(`list_history?since=${day}03:00:00Z`);
        return metadata.warning_codes?.includes('history-gap');
      },
      { what: 'the gap before the start is told', timeoutMs: 20_000 },
    );
  });

  test('no argument of a caller ends the worker', async () => {
    const worker = () =>
      childrenOf(uapid.pid).find(({ pid }) => titleOf(pid) === 'uapid: http')?.pid;
    const before = worker();
    assert.ok(before);
    const long = '1'.repeat(129);
    for (const argument of [
      ...['from', 'login', 'since', 'at'].map((name) => `${name}=${long}`),
      ...['from=nowhere', 'login=*', 'login=%00', 'since=999999w', 'until=9999-12-31', 'from=%00'],
    ]) {
      assert.ok(await ask(`list_history?${argument}`, 'shop', 'a-long-password-1'), argument);
    }
    assert.deepEqual(pidsOf(await ask('list_history', 'shop', 'a-long-password-1')), [11]);
    assert.equal(worker(), before);
  });

  test('holds up no scan while it is read, and a reader that ends is an error of its own alone', async () => {
    const { pid } = await reader();
    process.kill(pid, 'SIGSTOP');
    let isAnswered = false;
    const history = ask('list_history').finally(() => {
      isAnswered = true;
    });
    assert.deepEqual((await ask('list_sessions')).data, []);
    assert.equal(isAnswered, false);
    process.kill(pid, 'SIGKILL');
    assert.deepEqual((await history).metadata.error_codes, ['history-unread']);
    await until(() => uapid.log().includes('the reader of the session log ended'), {
      what: 'the log tells of it',
    });
    assert.deepEqual(pidsOf(await ask('list_history')), [12, 11]);
  });
});

describe('the reader of a session log', { skip: needsSandbox() }, () => {
  const all: HistoryQuery = {
    scope: { kind: 'everybody' },
    login: null,
    from: null,
    since: null,
    until: null,
  };
  const quiet = { error: () => {} };

  /** What comes of so many questions at once: the reason where there is no answer. */
  async function askAll(count: number, limits: Partial<HistoryLimits>, at: string | null = path) {
    const history = openHistory({ path: at, environment, logger: quiet, limits });
    const asked = Array.from({ length: count }, () => history.read(all));
    const answers = await Promise.all(asked);
    history.stop();
    return answers.map((json) => {
      const answer = JSON.parse(json.toString()) as HistoryAnswer;
      return answer.kind === 'none' ? answer.reason : answer.kind;
    });
  }

  test('is given up after a time, refuses those that are too many, and says where no log is kept', async () => {
    assert.deepEqual(await askAll(3, { maxWaiting: 1 }), ['sessions', 'sessions', 'busy']);
    // No process starts so fast.
    assert.deepEqual(await askAll(1, { maxReadMs: 1 }), ['too-long']);
    assert.deepEqual(await askAll(1, {}, null), ['off']);
    // A damaged file is no end of the list.
    writeFileSync(`${path}.1.gz`, 'no gzip at all');
    assert.deepEqual(await askAll(1, {}), ['unreadable']);
  });

  test('ends when nobody asks any more, and another one answers the next question', async () => {
    writeFileSync(`${path}-2.log`, logText(pastSession(1, '01:00:00')));
    const options = { path: `${path}-2.log`, environment, logger: quiet, limits: { idleMs: 1 } };
    const history = openHistory(options);
    const first = await history.read(all);
    await until(() => childrenOf(process.pid).length === 0, { what: 'the reader has ended' });
    assert.deepEqual(await history.read(all), first);
    history.stop();
  });
});
