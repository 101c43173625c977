import type { ServerRole } from '../accounts/account.ts';
import { openRoleStore, serverRoles } from '../accounts/role-store.ts';
import { RefusedError } from '../lib/refused-error.ts';
import type { Register } from './command.ts';
import { openCommandAudit } from './command-audit.ts';
import { printJson, printNote, printRows } from './output.ts';
import { type StateOptions, stateOptions } from './state-options.ts';

/** Adds `role enable|disable|list` to the program. */
export const register: Register = (program, { stateDir, auditLog }) => {
  const open = (options: StateOptions) => openRoleStore(stateDir(options));
  const group = program
    .command('role')
    .description('the server roles; a running server obeys at once');

  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    const command = group.command(verb).description(`${verb} a role`).argument('<role>');
    for (const option of stateOptions()) command.addOption(option);
    command.action(async (name: string, options: StateOptions) => {
      const role = knownRole(name);
      await open(options).set(role, enabled);
      const state = enabled ? 'enabled' : 'disabled';
      openCommandAudit(auditLog(options))({ event: 'role-changed', account: null, role, state });
      printNote(`role ${role} ${verb}d`);
    });
  }

  const list = group.command('list').description('list the roles');
  list.option('--json', 'print JSON');
  for (const option of stateOptions()) list.addOption(option);
  list.action((options: StateOptions & { readonly json?: boolean }) => {
    const store = open(options);
    const roles = serverRoles.map((role) => ({ role, enabled: store.isEnabled(role) }));
    if (options.json) {
      printJson(roles);
      return;
    }
    const rows = roles.map(({ role, enabled }) => [role, enabled ? 'enabled' : 'disabled']);
    printRows(['ROLE', 'STATE'], rows);
  });
};

function knownRole(name: string): ServerRole {
  const role = serverRoles.find((each) => each.toLowerCase() === name.toLowerCase());
  if (role !== undefined) return role;
  const known = serverRoles.join(', ');
  throw new RefusedError('unknown', `there is no role ${JSON.stringify(name)}; roles are ${known}`);
}
