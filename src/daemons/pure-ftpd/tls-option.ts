import type { FtpSession } from '../../sessions/session.ts';

/** What pure-ftpd 1.0.50 gives getopt_long(3); its long options are the same by other names. */
const shortOptions =
  '0146Aa:bc:BC:dDeEf:F:g:GhHiI:jk:Kl:L:Mm:Nn:oO:p:P:q:Q:rRsS:t:T:u:U:V:wWxXy:2:3:Y:J:zZ';

/**
 * What a session speaks that has logged in, by what its daemon's titles have left of the arguments:
 * -Y 0 knows no TLS, -Y 2 and 3 refuse a login without, -Y 1 leaves it to the client. The last of
 * several counts, and the end of the arguments is what is left of them, if anything is. Null
 * otherwise: nothing else of a session tells, neither its port nor its files.
 */
export function protocolOf(argumentsLeft: readonly string[]): FtpSession['protocol'] {
  const behaviour = lastTlsOption(argumentsLeft);
  if (behaviour === '0') return 'ftp';
  return behaviour === '2' || behaviour === '3' ? 'ftps' : null;
}

/** The argument of the last -Y or --tls, or null. */
function lastTlsOption(args: readonly string[]): string | null {
  return optionValues(args, 'Y', 'tls').at(-1) ?? null;
}

/** The arguments of an option by its two names, in their order. */
export function optionValues(args: readonly string[], short: string, long: string): string[] {
  const found: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const option = readOption(args[index] ?? '', long);
    if (option === null) continue;
    const value = option.value ?? args[++index] ?? '';
    if (option.name === short || option.name === long) found.push(value);
  }
  return found;
}

/** The option with an argument that a text ends with; `value` is null where that is the next text. */
function readOption(text: string, wanted: string): { name: string; value: string | null } | null {
  const long = /^--([^=]+)(?:=(.*))?$/s.exec(text);
  if (long?.[1] !== undefined) {
    // Whether the next text belongs to it matters for this one alone: others look like no option.
    const value = long[2] ?? (long[1] === wanted ? null : '');
    return { name: long[1], value };
  }
  if (!text.startsWith('-')) return null;
  for (let at = 1; at < text.length; at += 1) {
    const name = text[at] ?? '';
    if (!shortOptions.includes(`${name}:`)) continue;
    return { name, value: text.slice(at + 1) || null };
  }
  return null;
}
