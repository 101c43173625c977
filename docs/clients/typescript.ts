import { createUapidClient } from 'uapid/client';

const { UAPID_HOST, UAPID_USER = '', UAPID_TOKEN = '' } = process.env;

const client = createUapidClient({
  baseUrl: `https://${UAPID_HOST}:2083`,
  user: UAPID_USER,
  token: UAPID_TOKEN,
});
const { data, error } = await client.GET('/execute/Ftp/list_sessions', {
  params: { query: { 'api.sort_column': 'user' } },
});

const answer = data ?? error;
if (answer?.errors) throw new Error(answer.errors.join('\n'));
for (const { user, host, status } of data?.data ?? []) {
  process.stdout.write(`${user} ${host} ${status}\n`);
}
