import { defaultLimits } from '../../src/fleet/gateway/fan-out.ts';
import { maxSessions } from '../../src/fleet/gateway/fleet-sessions.ts';
import { fleetFigures } from '../bench/fleet/figures.ts';

/* What docs/fleet-size.md reckons from what was measured. */

const { hosts, sessions, answerBytes, listMs, unchangedBytes, unchangedGatewayMs } = fleetFigures;
const { gatewayMs, manyHosts, manyGatewayUsPerHost } = fleetFigures;
const deadlineS = defaultLimits.deadlineMs / 1_000;
/** Of the prototype: what no measure of the benchmark's tells. */
const [natsKbPerHost, gatewayKbPerHost, gatewayMb] = [70, 44, 80];
const pageBytes = 120;
const large = 10_000;

const measured = (text: string) => `${text} (m)`;
const whole = (count: number) => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
const short = (count: number) => String(Number(count.toPrecision(2)));
const seconds = (ms: number) => `${short(ms / 1_000)} s`;

function size(bytes: number): string {
  if (bytes >= 1e9) return `${short(bytes / 1e9)} GB`;
  if (bytes >= 1e6) return `${short(bytes / 1e6)} MB`;
  return bytes >= 1e3 ? `${short(bytes / 1e3)} kB` : `${short(bytes)} bytes`;
}

/** Of so many hosts, by what one takes. */
const ofAll = (counts: readonly number[], tell: (count: number) => string) => counts.map(tell);

export function costTable(): readonly (readonly string[])[] {
  const counts = [hosts, manyHosts, large];
  const perHost = sessions / hosts;
  const bytes = answerBytes / hosts;
  const us = (gatewayMs * 1_000) / hosts;
  const cpuMs = (count: number) => (count * (count > hosts ? manyGatewayUsPerHost : us)) / 1_000;
  const [ofFew, ofMany, ofLarge] = counts.map((count) => seconds(cpuMs(count)));
  const unchangedUs = (unchangedGatewayMs * 1_000) / hosts;
  return [
    [
      '',
      'a host',
      ...counts.map((count, index) => `${whole(count)}${index === 0 ? ' hosts' : ''}`),
    ],
    [
      `sessions, at ${perHost.toFixed(1)} a host`,
      perHost.toFixed(1),
      ...ofAll(
        counts,
        (count) =>
          whole(count * perHost) +
          (count * perHost > maxSessions ? ': more than an answer holds' : ''),
      ),
    ],
    [
      'bytes of a whole list',
      measured(size(bytes)),
      ...counts.map((count) =>
        count === hosts ? measured(size(answerBytes)) : size(count * bytes),
      ),
    ],
    [
      'processor time of the gateway for it',
      `${whole(us)} µs (m; ${whole(manyGatewayUsPerHost)} at ${whole(manyHosts)})`,
      measured(ofFew ?? ''),
      measured(ofMany ?? ''),
      ofLarge ?? '',
    ],
    [
      'bytes where nothing has changed since the last list',
      measured(size(unchangedBytes / hosts)),
      measured(size(unchangedBytes)),
      ...counts.slice(1).map((count) => size((count * unchangedBytes) / hosts)),
    ],
    [
      'processor time for it',
      measured(`${whole(unchangedUs)} µs`),
      measured(seconds(unchangedGatewayMs)),
      ...counts.slice(1).map((count) => seconds((count * unchangedUs) / 1_000)),
    ],
    [
      'memory of nats-server, with TLS on both sides',
      `${natsKbPerHost} kB (p)`,
      ...ofAll(counts, (count) => size(count * natsKbPerHost * 1e3)),
    ],
    [
      'memory of the gateway',
      `${gatewayKbPerHost} kB, and ${gatewayMb} MB (p)`,
      ...ofAll(counts, (count) => size(count * gatewayKbPerHost * 1e3 + gatewayMb * 1e6)),
    ],
    [
      'rows of the page, counts alone, once; then what changes',
      `${pageBytes} bytes`,
      ...ofAll(counts, (count) => size(count * pageBytes)),
    ],
    ['back after nats-server was killed', '', '3.3 s (p)', '', 'jittered: no storm'],
  ];
}

/** How far it goes, in sentences. */
export function reachText(): string {
  const thousands = (count: number) => Math.floor(count / 1_000) * 1_000;
  const perHost = sessions / hosts;
  const together = thousands((defaultLimits.deadlineMs / listMs) * hosts);
  const byProcessor = thousands((deadlineS * 1e6) / manyGatewayUsPerHost);
  const bySessions = thousands(maxSessions / perHost);
  const alone = Math.min(byProcessor, bySessions);
  const cpuS = (count: number) => short((count * manyGatewayUsPerHost) / 1e6);
  const isLate = large > byProcessor;
  return `A whole list of ${whole(hosts)} hosts took ${seconds(listMs)} (m), on two processors that the gateway shared with nats-server and all hosts, whose answers lay ready. So, where everything
is new in each list:

- **Up to ${whole(alone)} hosts** for one gateway: ${whole(bySessions)} × ${perHost.toFixed(1)} sessions are the ${whole(maxSessions)} that one answer holds. By time alone
  ${whole(together)} would fit into the ${deadlineS} s of a list with all on two processors, and ${whole(byProcessor)} into one thread’s ${deadlineS} s with the gateway
  on processors of its own, where ${whole(alone)} take ${cpuS(alone)} s.
- **${whole(large)} hosts** would take ${cpuS(large)} s${isLate ? `, more than the ${deadlineS} s` : ''}, and have more sessions than an answer holds, which is
  an error that asks for \`server=\`. Divide the hosts among gateways, as below:
  each of four has ${whole(large / 4)}, and takes ${cpuS(large / 4)} s. Where nothing has changed one gateway takes ${short((large * unchangedGatewayMs) / hosts / 1_000)} s for all of them.
`;
}
