import type { X509Certificate } from 'node:crypto';
import { validityProblem } from '../tls/key-pair.ts';
import { about, type Finding } from './finding.ts';

const { ok, note, mend } = about('certificate');
const dayMs = 86_400_000;
/** What renews by itself does so a month before (RFC 9773 leaves it to the authority); this is late. */
const soonMs = 14 * dayMs;

/** How a certificate does at a time (ms since the epoch) for a server that people call by `hosts`. */
export function checkCertificate(
  certificate: X509Certificate,
  hosts: readonly string[],
  now: number,
): Finding[] {
  const { validTo, issuer, subject } = certificate;
  const problem = validityProblem(certificate, now);
  const left = Date.parse(validTo) - now;
  const days = Math.floor(left / dayMs);
  const until = `until ${validTo}`;
  if (problem !== null)
    return [
      mend(`It ${problem}. Put a renewed one in its place; nothing has to be started again.`),
    ];
  const findings = [
    left < soonMs
      ? mend(`It is valid for ${days} days more, ${until}: renew it.`)
      : ok(`It is valid for ${days} days more, ${until}.`),
  ];
  if (issuer === subject)
    findings.push(
      note('It is self-signed: browsers warn of it, and curl wants --cacert. See docs/install.md.'),
    );
  const named = hosts.filter((host) => certificate.checkHost(host) !== undefined);
  if (named.length === 0)
    findings.push(note(`It is for none of this host’s names (${hosts.join(', ')}).`));
  return findings;
}
