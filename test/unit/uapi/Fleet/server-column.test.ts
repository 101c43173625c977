import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildApp } from '../../../../src/worker/app.ts';
import { basic, ftpSession } from '../../../support/app.ts';
import { fleetServices } from '../../../support/fleet-services.ts';

test('list_transfers at a gateway has the server of each session, by which it filters, sorts and chooses columns', async () => {
  const servers = new Map([
    ['web2', [ftpSession({ pid: 1, user: 'ann' })]],
    ['web1', [ftpSession({ pid: 1, user: 'ann' }), ftpSession({ pid: 2, user: 'ben' })]],
    ['web3', [ftpSession({ pid: 3, user: 'cid' })]],
  ]);
  const app = await buildApp(fleetServices(servers));
  const call = async (func: string, query: string) => {
    const url = `/execute/Ftp/${func}?${query}`;
    return (await app.inject({ url, headers: basic('admin') })).json();
  };
  const placesFor = async (query: string) => {
    const { data } = await call('list_transfers', query);
    return data.map(({ server, pid }: { server: string; pid: number }) => `${server} ${pid}`);
  };
  assert.deepEqual(await placesFor(''), ['web2 1', 'web1 1', 'web1 2', 'web3 3']);
  assert.deepEqual(await placesFor('api.sort_column=server&api.sort_reverse=1'), [
    'web3 3',
    'web2 1',
    'web1 1',
    'web1 2',
  ]);
  const isOnWeb1 = 'api.filter_column=server&api.filter_type=eq&api.filter_term=web1';
  assert.deepEqual(await placesFor(isOnWeb1), ['web1 1', 'web1 2']);
  const { data, metadata } = await call('list_transfers', 'api.columns_1=server&server=web2,web3');
  assert.deepEqual(data, [{ server: 'web2' }, { server: 'web3' }]);
  assert.deepEqual([metadata.servers.asked, metadata.servers.answered], [2, 2]);
  const sessions = await call('list_sessions', isOnWeb1);
  assert.ok(!('server' in (sessions.data?.[0] ?? {})), 'the published list has no such column');
});
