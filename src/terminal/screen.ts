/*
 * Control sequences of xterm, which every terminal of today knows: the alternate screen, which leaves
 * what was on the other one as it was; cursor and automatic line break off and on; home; erase to the
 * end of the line, and below.
 */
const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const eraseLine = '\x1b[K';
const eraseBelow = '\x1b[J';

export interface Screen {
  /** Shows these lines in place of those before. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back before this process ends, for what is still to be said on it. */
  close(): void;
}

/**
 * Takes the terminal for lines that are drawn again and again in place, and gives it back as it was
 * when this process ends or is stopped (Ctrl-Z). Only what changes is seen to change: nothing is
 * erased before it is written over.
 */
export function openScreen(output: NodeJS.WriteStream): Screen {
  let isEntered = false;
  let last: readonly string[] = [];

  function draw(lines: readonly string[]): void {
    last = lines;
    const drawn = lines.map((line) => `${line}${eraseLine}`).join('\r\n');
    output.write(`${isEntered ? '' : enter}${home}${drawn}${eraseBelow}`);
    isEntered = true;
  }

  function giveBack(): void {
    if (isEntered) output.write(leave);
    isEntered = false;
  }

  process.once('exit', giveBack);
  process.on('SIGTSTP', () => {
    giveBack();
    process.kill(process.pid, 'SIGSTOP');
  });
  process.on('SIGCONT', () => draw(last));
  return { draw, close: giveBack };
}
