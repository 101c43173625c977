import { Option } from 'commander';
import { auditLogOption, controlSocketOption, lookOptions } from './look-options.ts';
import { stateOptions } from './state-options.ts';

/** The flags of `uapid serve`. Their values are checked with those of the other sources, not here. */
export function serveOptions(): Option[] {
  return [
    new Option(
      '--listen <urls>',
      'addresses, by commas: http://HOST:PORT, https://HOST:PORT [UAPID_LISTEN]',
    ).argParser((given: string, before: string | undefined) =>
      before ? `${before},${given}` : given,
    ),
    new Option(
      '--metrics <url|none>',
      'where metrics are served; default: http://127.0.0.1:9284 [UAPID_METRICS]',
    ),
    new Option(
      '--metrics-token-file <file>',
      'the token that metrics ask for; made if not there [UAPID_METRICS_TOKEN_FILE]',
    ),
    new Option(
      '--metrics-token-group <group>',
      'whose members may read it too [UAPID_METRICS_TOKEN_GROUP]',
    ),
    new Option('--metrics-public', 'metrics ask for no token [UAPID_METRICS_PUBLIC]'),
    new Option('--tls-cert <file>', 'PEM certificate and chain for https [UAPID_TLS_CERT]'),
    new Option('--tls-key <file>', 'PEM private key for https [UAPID_TLS_KEY]'),
    ...stateOptions(),
    new Option(
      '--log-level <level>',
      'fatal, error, warn, info, debug, trace, silent [UAPID_LOG_LEVEL]',
    ),
    new Option('--trust-proxy <list>', 'proxies to believe, by commas [UAPID_TRUST_PROXY]'),
    auditLogOption(),
    new Option('--run-as <user>', 'who serves HTTP when root starts it [UAPID_RUN_AS]'),
    controlSocketOption(),
    new Option(
      '--control-group <group>',
      'whose members may use that socket too [UAPID_CONTROL_GROUP]',
    ),
    ...lookOptions(),
    new Option('--allow-plain-http', 'listen beyond loopback without TLS [UAPID_ALLOW_PLAIN_HTTP]'),
  ];
}
