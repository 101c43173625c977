import { Option } from 'commander';

/** The flags that say how this host is looked at. */
export function lookOptions(): Option[] {
  return [
    new Option('--process-source <name>', 'procfs or ps-list [UAPID_PROCESS_SOURCE]'),
    new Option('--proc-root <dir>', 'where procfs is mounted [UAPID_PROC_ROOT]'),
    new Option('--scoreboard-dir <dir>', "pure-ftpd's scoreboard [UAPID_SCOREBOARD_DIR]"),
  ];
}

/** Where a server listens for commands, and where they look for it. */
export function controlSocketOption(): Option {
  return new Option(
    '--control-socket <path|none>',
    'the Unix socket between server and commands; default: /run/uapid/control.sock as root, else STATE_DIR/control.sock [UAPID_CONTROL_SOCKET]',
  );
}

/** The flag of every command that may write to the audit log. */
export function auditLogOption(): Option {
  return new Option('--audit-log <file>', 'default: STATE_DIR/audit.log [UAPID_AUDIT_LOG]');
}
