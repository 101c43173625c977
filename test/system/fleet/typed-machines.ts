import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '../../support/cli-run.ts';
import { natsServerProgram } from '../../support/nats/nats-server-program.ts';

/*
 * Machines for commands that somebody types: each has an /etc/uapid, a state and a /run/uapid of its own, and
 * they share everything else of this test's sandbox. `ssh`, `scp` and `systemctl` stand for the real ones, which
 * need real machines; openssl, nats-server and uapid are real.
 */

export interface Machines {
  /** The environment of commands on the gateway. */
  readonly env: NodeJS.ProcessEnv;
  /** The words that run a shell's text on a machine. */
  on(machine: string, text: string): readonly [command: string, args: readonly string[]];
  /** The process of the uapid that systemctl has started on a machine. */
  uapidOn(machine: string): number;
  /** Ends what systemctl has started, and removes all. */
  remove(): void;
}

const ssh = (folder: string) => `#!/bin/sh
[ "$1" = -n ] && shift && exec "$0" "$@" </dev/null
machine="\${1#root@}"
shift
own="${folder}/machines/$machine"
mkdir -p "$own/etc" "$own/lib" "$own/run" /etc/uapid /var/lib/uapid /run/uapid
export MACHINE="$machine" COMMAND="$*"
exec unshare --mount sh -c '
  mount --bind "'"$own"'/etc" /etc/uapid
  mount --bind "'"$own"'/lib" /var/lib/uapid
  mount --bind "'"$own"'/run" /run/uapid
  exec sh -c "$COMMAND"
'
`;

const scp = `#!/bin/sh
[ "$1" = -q ] && shift
for last; do :; done
machine="\${last%%:*}"
files=
for each; do [ "$each" = "$last" ] || files="$files $PWD/$each"; done
# The files of this machine are not seen from the other.
mkdir -p "$TMPDIR/scp" && cp $files "$TMPDIR/scp/"
ssh "$machine" "cp $(for each in $files; do echo "$TMPDIR/scp/\${each##*/}"; done | tr '\\n' ' ') \${last#*:}"
rm -r "$TMPDIR/scp"
`;

const systemctl = (folder: string, natsServer: string) => `#!/bin/sh -e
pids="${folder}/pids"
case "$1 $2" in
  "restart uapid") name="uapid-$MACHINE"; set -- uapid serve ;;
  "restart nats-server") name=nats-server
    set -- setpriv --reuid nats --clear-groups ${natsServer} -c /etc/nats-server.conf ;;
  *) echo "systemctl: $*?" >&2; exit 1 ;;
esac
if [ -e "$pids/$name" ]; then
  old=$(cat "$pids/$name")
  kill "$old"
  while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
fi
setsid "$@" >"${folder}/$name.log" 2>&1 </dev/null &
echo $! > "$pids/$name"
`;

/** On Debian the service is the user nats’s, and the package makes the user. */
const natsUser = 'nats:x:990:990::/:/usr/sbin/nologin\n';

export async function makeMachines(gateway: string, hosts: readonly string[]): Promise<Machines> {
  const folder = mkdtempSync(join(tmpdir(), 'typed-'));
  const bin = join(folder, 'bin');
  for (const each of [bin, join(folder, 'pids'), join(folder, 'machines')]) mkdirSync(each);
  const put = (name: string, text: string) => writeFileSync(join(bin, name), text, { mode: 0o755 });
  put('ssh', ssh(folder));
  put('scp', scp);
  put('systemctl', systemctl(folder, await natsServerProgram()));
  put(
    'uapid',
    `#!/bin/sh\nexport UAPID_CONFIG=/etc/uapid/uapid.json\n[ -e $UAPID_CONFIG ] || unset UAPID_CONFIG\nexec ${process.execPath} ${program} "$@"\n`,
  );
  appendFileSync('/etc/passwd', natsUser);
  appendFileSync('/etc/group', 'nats:x:990:\n');
  appendFileSync('/etc/hosts', `127.0.0.1 ${[gateway, ...hosts].join(' ')}\n`);
  const { PATH, HOME, TMPDIR } = process.env;
  const env = { PATH: `${bin}:${PATH}`, HOME, TMPDIR: TMPDIR ?? tmpdir() };
  const pidOf = (name: string) => Number(readFileSync(join(folder, 'pids', name), 'utf8'));
  return {
    env,
    on: (machine, text) => [join(bin, 'ssh'), [`root@${machine}`, text]],
    uapidOn: (machine) => pidOf(`uapid-${machine}`),
    remove: () => {
      for (const name of ['nats-server', ...[gateway, ...hosts].map((each) => `uapid-${each}`)]) {
        try {
          process.kill(pidOf(name), 'SIGTERM');
        } catch {
          // It was never started, or has ended.
        }
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
