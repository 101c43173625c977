/**
 * Control, format and unassigned characters (Unicode's C), which a terminal may obey: C0, C1, escape
 * sequences, marks that turn the direction of writing; and what ends a line elsewhere than "\n" does.
 */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A text of somebody else as it may be shown on a terminal, in one line: "\x1b" for ESC. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 1)}}`;
  });
}

/** JSON text that says the same, in which no character is left that a terminal may obey. */
export function printableJson(json: string): string {
  return json.replace(unprintable, (character) => {
    if (character === '\n') return character;
    return Array.from({ length: character.length }, (_, unit) => {
      return `\\u${hex(character.charCodeAt(unit), 4)}`;
    }).join('');
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

/** Two columns wide (UAX #11: W and F), and what terminals draw as an emoji. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1aff0}-\u{1b2fb}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Drawn onto the character before. */
const combining = /[\p{Mn}\p{Me}]/u;

/** How many columns of a terminal a printable text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

function widthOfCharacter(character: string): number {
  if (character <= '~') return 1;
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** The text in at most so many columns; a mark stands for what is cut off at its end or its start. */
export function cut(text: string, width: number, where: 'end' | 'start', mark: string): string {
  if (widthOf(text) <= width) return text;
  const room = width - widthOf(mark);
  if (room <= 0) return mark.slice(0, Math.max(0, width));
  const characters = where === 'end' ? [...text] : [...text].reverse();
  let taken = 0;
  let used = 0;
  for (const character of characters) {
    used += widthOfCharacter(character);
    if (used > room) break;
    taken += 1;
  }
  const kept = characters.slice(0, taken);
  return where === 'end' ? `${kept.join('')}${mark}` : `${mark}${kept.reverse().join('')}`;
}

/** The text filled up with spaces to so many columns. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? `${text}${spaces}` : `${spaces}${text}`;
}

/** The text in lines of at most so many columns, broken at spaces where there are some. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => pieces(each, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const found: string[] = [];
  let rest = word;
  while (widthOf(rest) > width) {
    const piece = cut(rest, width, 'end', '') || rest.slice(0, 1);
    found.push(piece);
    rest = rest.slice(piece.length);
  }
  return [...found, rest];
}
