import { Option } from 'commander';
import { stateOptions } from './state-options.ts';

/** The flags of `uapid serve`. Their values are checked with those of the other sources, not here. */
export function serveOptions(): Option[] {
  return [
    new Option(
      '--listen <urls>',
      'addresses, by commas: http://HOST:PORT [UAPID_LISTEN]',
    ).argParser((given: string, before: string | undefined) =>
      before ? `${before},${given}` : given,
    ),
    ...stateOptions(),
    new Option(
      '--log-level <level>',
      'fatal, error, warn, info, debug, trace, silent [UAPID_LOG_LEVEL]',
    ),
    new Option('--process-source <name>', 'procfs or ps-list [UAPID_PROCESS_SOURCE]'),
    new Option('--proc-root <dir>', 'where procfs is mounted [UAPID_PROC_ROOT]'),
    new Option('--scoreboard-dir <dir>', "pure-ftpd's scoreboard [UAPID_SCOREBOARD_DIR]"),
    new Option('--allow-plain-http', 'listen beyond loopback without TLS [UAPID_ALLOW_PLAIN_HTTP]'),
  ];
}
