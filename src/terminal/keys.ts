/** A key by its name, or the character that it types. */
export type Key = string;

/** What xterm's keys send (ctlseqs, "PC-Style Function Keys"), in both of its cursor modes. */
const names: Readonly<Record<string, Key>> = {
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  '\x1b[5~': 'page-up',
  '\x1b[6~': 'page-down',
  '\x1b[H': 'home',
  '\x1bOH': 'home',
  '\x1b[1~': 'home',
  '\x1b[F': 'end',
  '\x1bOF': 'end',
  '\x1b[4~': 'end',
  '\x1b': 'escape',
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'interrupt',
  '\x1a': 'suspend',
};

/** A control sequence, one of a single shift, an ESC alone, or a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a terminal sends
const unit = /\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|\x1b|./gsu;

/** The keys that a terminal in raw mode has sent, in order. Those that have no name here are left out. */
export function keysOf(text: string): Key[] {
  return (text.match(unit) ?? []).flatMap((sent) => {
    const name = names[sent];
    if (name !== undefined) return [name];
    return /^[^\p{C}]$/u.test(sent) ? [sent] : [];
  });
}
