import { Duplex } from 'node:stream';

/** Two ends of a channel within one process: what one writes the other reads. */
export function channelPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read: () => {},
        write: (chunk, _encoding, done) => {
          ends[other]?.push(chunk);
          done();
        },
        final: (done) => {
          ends[other]?.push(null);
          done();
        },
      }),
    );
  }
  return ends as [Duplex, Duplex];
}
