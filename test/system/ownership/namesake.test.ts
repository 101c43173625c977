import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { testServices } from '../../support/app.ts';
import { withServer } from '../../support/http.ts';
import { getAll, logIn, show } from './credentials.ts';

for (const { title, credentials } of [
  {
    title: 'the password and the token of a removed account do not open the next one of its name',
    credentials: ['basic', 'cpanel'],
  },
  {
    title: 'a login of a removed account does not open the next one of its name',
    credentials: ['cookie'],
  },
] as const) {
  test(title, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'uapid-namesake-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const accounts = openAccountStore(dir);
    const tokens = openTokenStore(dir);
    const password = generatePassword();
    await accounts.add({ name: 'alice', role: 'user', password });
    const { text: token } = await tokens.add({ account: 'alice' }, accounts);
    const limited = await tokens.add({ account: 'alice', readOnly: true }, accounts);
    const secrets = { password, token, readOnlyToken: limited.text };
    await withServer(testServices({ accounts, tokens }), async (server) => {
      const login = await logIn(server, 'alice', password);
      const requests = credentials.map((credential) => {
        const { prefix, header } = show('alice', credential, secrets, login);
        return { target: `${prefix}/execute/Ftp/server_name`, header };
      });
      const statuses = async () =>
        (await getAll(server, requests)).map(({ status }) => status).join(' ');
      assert.match(await statuses(), /^200( 200)*$/);
      // As the commands do it: another customer gets the name.
      await accounts.remove('alice');
      await tokens.removeAccount('alice');
      assert.match(await statuses(), /^401( 401)*$/);
      await accounts.add({ name: 'alice', role: 'user', password: generatePassword() });
      assert.match(await statuses(), /^401( 401)*$/);
    });
  });
}
