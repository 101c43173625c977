import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

/*
 * A local user's program that waits for a port to be nobody's: it tries to bind it again and again,
 * with the options of a socket that let it share one, and listens as soon as it has it.
 */
const program = `
import itertools, socket, sys, time
port = int(sys.argv[1])
places = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"), (socket.AF_INET6, "::ffff:127.0.0.1")]
options = [(), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT)]
rounds = 0
while True:
    for (family, host), chosen in itertools.product(places, options):
        try:
            s = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue
        for option in chosen:
            s.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            s.bind((host, port))
            s.listen(16)
            print("has it at", host, len(chosen), flush=True)
            time.sleep(60)
            sys.exit()
        except OSError:
            s.close()
    rounds += 1
    if rounds % 10 == 0:
        print("round", rounds, flush=True)
    time.sleep(0.001)
`;

/** Starts it as the user bob; it ends with the test. */
export async function startGrabber(t: TestContext, port: number) {
  const child = spawn('python3', ['-c', program, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    uid: users.bob.uid,
    gid: users.bob.gid,
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const rounds = () => Number(said.trim().split('round ').at(-1)) || 0;
  const grabbed = () => /has it at .*/.exec(said)?.[0] ?? null;
  /** Waits until it has tried all of it many times more, or has the port. */
  const tryOn = async () => {
    const before = rounds();
    await until(() => grabbed() !== null || rounds() > before + 30, {
      what: 'it has tried again',
      timeoutMs: 60_000,
    });
  };
  await tryOn();
  return { grabbed, tryOn };
}
