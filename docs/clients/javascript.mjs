import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { json } from 'node:stream/consumers';

const { UAPID_HOST, UAPID_CERT, UAPID_USER, UAPID_TOKEN } = process.env;

const request = get(`https://${UAPID_HOST}:2083/execute/Ftp/list_sessions`, {
  ca: readFileSync(UAPID_CERT),
  headers: { authorization: `cpanel ${UAPID_USER}:${UAPID_TOKEN}` },
});
const [response] = await once(request, 'response');
const answer = await json(response);

if (answer.status !== 1) throw new Error(answer.errors.join('\n'));
for (const { user, host, status } of answer.data) {
  process.stdout.write(`${user} ${host} ${status}\n`);
}
