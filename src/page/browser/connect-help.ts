import { askFtp } from './api.ts';
import { byId, make } from './dom.ts';
import type { Account } from './session.ts';
import { type TextName, text } from './texts.ts';

const list = byId('connect-list', HTMLDListElement);

/** Tells how to connect by FTP, as far as it is known: port and host are left out or guessed else. */
export async function fillConnectHelp(
  securityToken: string,
  host: string,
  { name, role }: Account,
): Promise<void> {
  const port = (await askFtp<{ port: number }>(securityToken, 'get_port'))?.port;
  const facts: [TextName, string][] = [['server', reachableHost(host)]];
  if (port !== undefined) facts.push(['port', String(port)]);
  facts.push(['protocol', text(protocolAt(port))]);
  if (role === 'user') facts.push(['userName', text('userNameNote', { account: name })]);
  list.replaceChildren(
    ...facts.map(([key, value]) =>
      make('div', '', make('dt', '', text(key)), make('dd', '', make('bdi', '', value))),
    ),
  );
}

/**
 * What is spoken on the port: TLS from the first byte on 990 and SSH on 22, which are registered for them
 * (IANA, service names), else FTP that the client may encrypt where the daemon lets it.
 */
function protocolAt(port: number | undefined): TextName {
  if (port === 990) return 'protocolImplicit';
  return port === 22 ? 'protocolSftp' : 'protocolOffered';
}

/** A host's name without a domain leads nowhere from outside; the page's own address led here. */
function reachableHost(host: string): string {
  return host.includes('.') ? host : location.hostname;
}
