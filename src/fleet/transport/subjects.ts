import { hostName } from '../../sessions/identity.ts';

/*
 * uapid.v1.ask.REGION.HOST.VERB       a gateway asks a host
 * uapid.v1.answer.GATEWAY.RUN.TOKEN   the host answers, by the messaging server's leave for that request alone
 *
 * The token is 122 random bits (a UUID) for each host and request: whose it is nobody knows but the gateway, so
 * an answer can be sent under no other host's name.
 */

/** Where no region is told. */
export const noRegion = 'r0';

/** Every request to a host: what it subscribes to. */
export function asksOf(host: string, region = noRegion): string {
  return `uapid.v1.ask.${word(region)}.${word(host)}.*`;
}

export function askSubject(host: string, verb: string, region = noRegion): string {
  return `uapid.v1.ask.${word(region)}.${word(host)}.${word(verb)}`;
}

/** What a gateway may ask of all hosts. */
export function asksOfAll(verb: string): string {
  return `uapid.v1.ask.*.*.${word(verb)}`;
}

/** All answers to a gateway. */
export function answersTo(gateway: string): string {
  return `uapid.v1.answer.${word(gateway)}.>`;
}

/** The answers to one run of it. */
export function answersToRun(gateway: string, run: string): string {
  return `${answerSubject(gateway, run, '*')}`;
}

export function answerSubject(gateway: string, run: string, token: string): string {
  return `uapid.v1.answer.${word(gateway)}.${run}.${token}`;
}

/** Throws for what could be more than one word of a subject, or stand for several. */
function word(text: string): string {
  if (!hostName.test(text)) throw new RangeError(`${JSON.stringify(text)} is no name in a fleet`);
  return text;
}
