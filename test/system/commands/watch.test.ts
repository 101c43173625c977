import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { addAccount } from '../../support/add-account.ts';
import { plainEnv, program } from '../../support/cli-run.ts';
import { makeHome } from '../../support/homes.ts';
import { shortLived } from '../../support/node-flags.ts';
import { startPatience } from '../../support/patience.ts';
import { childrenOf, processStat, titleOf } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startScene } from '../../support/sessions-scene.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { installProgram } from '../channel/program-copy.ts';

const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));
const skip = needsSandbox() || (!hasScript && 'needs script (util-linux), which gives a terminal');
const { alice } = users;

/* xterm's control sequences, as a terminal gets them. */
const esc = '\x1b';
const enter = `${esc}[?1049h${esc}[?25l${esc}[?7l`;
const leave = `${esc}[?7h${esc}[?25h${esc}[?1049l`;
const home = `${esc}[H`;

interface TerminalOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
  readonly program?: string;
  /** What the command runs through. */
  readonly through?: readonly string[];
  /** What the terminal's shell is given in place of the command alone. */
  readonly around?: (command: string) => string;
}

/** `uapid sessions` on a terminal of its own. */
function onTerminal(t: TestContext, stateDir: string, options: TerminalOptions = {}) {
  const { args = ['--watch'], columns = 110, rows = 24, through = [] } = options;
  const { around = (line: string) => `exec ${line}` } = options;
  const command = [
    process.execPath,
    ...shortLived,
    options.program ?? program,
    'sessions',
    ...args,
  ];
  const words = [...through, ...command, '--state-dir', stateDir].map((word) => `'${word}'`);
  const line = `stty columns ${columns} rows ${rows}; ${around(words.join(' '))}`;
  const child: ChildProcess = spawn('script', ['-q', '-e', '-c', line, '/dev/null'], {
    env: plainEnv({ TERM: 'xterm', LANG: 'C.UTF-8', SHELL: '/bin/sh', ...options.env }),
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
  });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let bytes = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    bytes += text;
  });
  return {
    child,
    bytes: () => bytes,
    /** What the last whole frame shows. */
    frame: () =>
      stripVTControlCharacters(
        bytes
          .split(home)
          .filter((each) => each.endsWith(`${esc}[J`))
          .at(-1) ?? '',
      ).split(/\r+\n/),
    frames: () => bytes.split(home).length - 1,
    press: (key: string) => child.stdin?.write(key),
    /** Resolves to its exit code once all that it wrote is there. */
    ended: async () => ({ code: (await closed)[0] as number | null }),
    /** The process of the command itself. */
    pid: () => {
      const isIt = ({ pid }: { pid: number }) => titleOf(pid) === process.execPath;
      const children = childrenOf(child.pid ?? 0);
      const all = [...children, ...children.flatMap(({ pid }) => childrenOf(pid))];
      return all.find(isIt)?.pid ?? 0;
    },
  };
}

const slow = { timeoutMs: 60_000 };

test('the watch shows sessions as they come, move and go, in place, until Ctrl-C', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  await makeHome(alice, [['big.iso', 2_000_000]]);
  await serve();
  const terminal = onTerminal(t, stateDir);
  await until(() => terminal.frame()[1] === 'No sessions.', { what: 'an empty frame', ...slow });
  const { client } = await logIn('alice');
  const rowOf = () => terminal.frame().find((line) => line.includes('alice')) ?? '';
  await until(() => /idle/.test(rowOf()), { what: 'the session comes' });
  const transfer = await client.startDownload('big.iso');
  const percents = new Set<string>();
  const hasMoved = () => {
    const percent = /[█░]{10} +(\d+\.\d)%.*big\.iso/.exec(rowOf())?.[1];
    if (percent !== undefined) percents.add(percent);
    return percents.size >= 3;
  };
  await until(hasMoved, { what: 'the transfer moves' });
  await until(() => /\d [kM]?B\/s/.test(rowOf()), { what: 'a rate is shown' });
  await transfer.abort();
  await until(() => /idle/.test(rowOf()), { what: 'the transfer ends' });
  await client.quit();
  await until(() => terminal.frame()[1] === 'No sessions.', { what: 'the session goes' });
  assert.equal(terminal.frame()[0], `${hostname()}: 0 sessions; by since, ascending`);

  terminal.press('\x03');
  assert.equal((await terminal.ended()).code, 0);
  const bytes = terminal.bytes();
  assert.ok(bytes.startsWith(`${enter}${home}`), JSON.stringify(bytes.slice(0, 60)));
  assert.equal(bytes.split(enter).length, 2);
  assert.ok(bytes.trimEnd().replace('^C', '').endsWith(leave), JSON.stringify(bytes.slice(-60)));
  // Nothing is erased that is not at once written over: that would be seen as a flicker.
  assert.ok(!bytes.includes(`${esc}[2J`));
});

test('a watch looks once a second', { skip }, async (t) => {
  const { stateDir } = await startScene(t);
  const begun = performance.now();
  const terminal = onTerminal(t, stateDir);
  await until(() => terminal.frames() >= 1, { what: 'a first frame', ...slow });
  const patience = startPatience(6_000);
  const before = terminal.frames();
  await until(() => terminal.frames() >= before + 4, { what: 'four more', ...slow });
  assert.equal(patience.isOver(), false);
  // From before the first one, which may have been read late.
  const seconds = (performance.now() - begun) / 1000;
  assert.ok(seconds > 0.95 * (terminal.frames() - 1), `${terminal.frames()} in ${seconds} s`);
});

test('a signal ends the watch with the terminal as it was', { skip }, async (t) => {
  const { stateDir } = await startScene(t);
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const terminal = onTerminal(t, stateDir, { around: settingsAround });
    await until(() => terminal.frames() >= 1, { what: 'a frame', ...slow });
    process.kill(terminal.pid(), signal);
    assert.equal((await terminal.ended()).code, code);
    assert.ok(terminal.bytes().includes(leave));
    assert.match(terminal.bytes(), /AS BEFORE/);
  }
});

test('Ctrl-Z gives the terminal back, and to go on takes it again', { skip }, async (t) => {
  const { stateDir } = await startScene(t);
  const terminal = onTerminal(t, stateDir);
  await until(() => terminal.frames() >= 1, { what: 'a frame', ...slow });
  const pid = terminal.pid();
  process.kill(pid, 'SIGTSTP');
  await until(() => processStat(pid)?.state === 'T', { what: 'it is stopped' });
  // script(1) stops behind it, perhaps before it has shown the last bytes; going on, it sends it the same.
  await until(() => processStat(terminal.child.pid ?? 0)?.state === 'T', { what: 'script stops' });
  terminal.child.kill('SIGCONT');
  await until(() => terminal.bytes().split(enter).length === 3, { what: 'it goes on' });
  assert.ok(terminal.bytes().includes(`${leave}${enter}`));
  terminal.press('\x03');
  assert.equal((await terminal.ended()).code, 0);
});

test('more sessions than lines are counted, also once the terminal has another size, and warnings are always shown', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  addAccount(stateDir, 'rita', 'a long password', { role: 'reseller', systemUser: 'alice' });
  addAccount(stateDir, 'gone', 'a long password', { systemUser: 'nobody-here', owner: 'rita' });
  const uapid = await serve();
  for (let count = 0; count < 8; count += 1) await logIn('alice');
  const args = ['--watch', '--account', 'rita'];
  const terminal = onTerminal(t, stateDir, { args, rows: 12, columns: 70 });
  await until(() => terminal.frame().length > 3, { what: 'a frame', ...slow });
  const lines = terminal.frame();
  assert.equal(lines.length, 12);
  for (const line of lines) assert.ok(line.length <= 70, line);
  const sessions = lines.filter((line) => / alice /.test(line)).length;
  assert.ok(lines.includes(`${8 - sessions} more`), lines.join('\n'));
  const warning = /warning: The account “gone” stands for .*no such user\./;
  assert.match(lines.join(' '), warning);
  // The server is held, so that no answer has the frame drawn anew.
  uapid.kill('SIGSTOP');
  try {
    const tty = readlinkSync(`/proc/${terminal.pid()}/fd/0`);
    execFileSync('stty', ['-F', tty, 'rows', '30', 'columns', '120']);
    const shown = () => terminal.frame().filter((line) => / alice /.test(line)).length;
    await until(() => shown() === 8, { what: 'all sessions are shown' });
    assert.doesNotMatch(terminal.frame().join('\n'), /\d more/);
    assert.match(terminal.frame().join(' '), warning);
  } finally {
    uapid.kill('SIGCONT');
  }
});

/** The settings of the terminal that a command was started on, before it and after its end. */
const settingsAround = (command: string) =>
  `before=$(stty -g); ${command}; code=$?; test "$(stty -g)" = "$before" && echo AS BEFORE; exit $code`;

test('by keys sessions are sorted, filtered and chosen, and the one that a question names is ended', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  await serve();
  const [alices, bobs] = [await logIn('alice'), await logIn('bob')];
  const terminal = onTerminal(t, stateDir, { around: settingsAround });
  const text = () => terminal.frame().join('\n');
  const toShow = (wanted: RegExp) =>
    until(() => wanted.test(text()), { what: `${wanted}`, ...slow });
  const isThere = ({ pid }: { pid: number }) => ![undefined, 'Z'].includes(processStat(pid)?.state);
  await toShow(/2 sessions, 2 idle; by since.*alice.*bob/s);
  terminal.press('sss');
  await toShow(/by progress, descending/);
  terminal.press('ss');
  terminal.press('r');
  await toShow(/by user, descending.*bob.*alice/s);
  terminal.press('e');
  await toShow(/Select the session to end first/);
  // The arrows of both cursor modes.
  terminal.press('\x1b[B\x1bOB');
  await toShow(/> +\d+ {2}alice/);
  terminal.press('e');
  await toShow(new RegExp(`The session of alice \\(PID ${alices.pid} .*y ends it`, 's'));
  terminal.press('n');
  await toShow(/Nothing was ended/);
  // What is pasted ends nothing.
  terminal.press('ey');
  await toShow(/y ends it/);
  assert.ok(isThere(alices));
  // Who comes meanwhile does not take its place.
  await logIn('carol');
  await toShow(/3 sessions/);
  terminal.press('y');
  await toShow(/1 FTP session was ended/);
  assert.deepEqual([alices, bobs].map(isThere), [false, true]);
  terminal.press('/');
  await toShow(/filter: _/);
  terminal.press('CAR\x7fRq');
  await toShow(/with "CARq".*No session fits/s);
  terminal.press('\x7f\r');
  await toShow(/with "CAR", 1 of 2 shown.*carol/s);
  terminal.press('\x1b');
  await toShow(/descending\n.*bob.*carol|descending\n.*carol.*bob/s);
  terminal.press('a');
  await toShow(/active ones, 0 of 2 shown/);
  terminal.press('?');
  await toShow(/end the selected session, after a question/);
  terminal.press(' q');
  assert.equal((await terminal.ended()).code, 0);
  assert.match(terminal.bytes(), /AS BEFORE/);
});

test('where keys come from no terminal it only shows', { skip }, async (t) => {
  const { stateDir } = await startScene(t);
  const terminal = onTerminal(t, stateDir, { around: (command) => `${command} < /dev/null` });
  await until(() => terminal.frames() >= 2, { what: 'frames', ...slow });
  assert.deepEqual(terminal.frame().length, 2);
  process.kill(terminal.pid(), 'SIGINT');
  assert.equal((await terminal.ended()).code, 0);
});

test('colours are on a terminal alone, and neither with NO_COLOR nor on a dumb one', {
  skip,
}, async (t) => {
  const { logIn, stateDir } = await startScene(t);
  await logIn('alice');
  const shown = async (env: Record<string, string>, args: string[] = []) => {
    const terminal = onTerminal(t, stateDir, { args, env });
    await terminal.ended();
    return terminal.bytes();
  };
  assert.ok((await shown({})).includes(`${esc}[1mPID${esc}[22m`));
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    const text = await shown(env);
    assert.ok(/alice/.test(text) && !text.includes(esc), JSON.stringify(text));
  }
});

test('a dumb terminal gets each scan below the one before', { skip }, async (t) => {
  const { stateDir } = await startScene(t);
  const terminal = onTerminal(t, stateDir, { env: { TERM: 'dumb' } });
  await until(() => terminal.bytes().split('No sessions.').length > 2, { what: 'two', ...slow });
  assert.ok(!terminal.bytes().includes(esc));
});

test('a server that goes is shown in place of what was seen, and one that comes back is asked again', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  await logIn('bob');
  const cli = installProgram(t, 0o755);
  chownSync(stateDir, alice.uid, alice.gid);
  const as = { as: alice, program: cli };
  const first = await serve(as);
  const id = ['--reuid', String(alice.uid), '--regid', String(alice.gid), '--clear-groups'];
  const through = ['setpriv', ...id];
  const terminal = onTerminal(t, stateDir, { program: cli, through });
  const text = () => terminal.frame().join('\n');
  await until(() => /bob/.test(text()), { what: 'the session is shown', ...slow });
  first.kill('SIGTERM');
  await first.ended();
  await until(() => /No server answers at .* Asking again\./s.test(text()), {
    what: 'it is shown',
  });
  assert.doesNotMatch(text(), /bob/);
  await serve(as);
  await until(() => /bob/.test(text()), { what: 'the session is shown again' });
});
