import { styleText } from 'node:util';

/** What may be shown where the output goes. */
export interface Capabilities {
  readonly isColoured: boolean;
  /** Whether there is more than ASCII to draw with. */
  readonly hasBlocks: boolean;
  /** The columns to keep to; null for as many as it takes. */
  readonly width: number | null;
}

/** Files and other programs get no colours, whatever there is to draw with, and whole lines. */
export const plain: Capabilities = { isColoured: false, hasBlocks: false, width: null };

/** How to draw on a stream. On a terminal NO_COLOR and TERM=dumb are obeyed (no-color.org). */
export function capabilitiesOf(output: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Capabilities {
  if (!output.isTTY) return plain;
  return {
    isColoured: !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    // The first that is set counts (locale(7)).
    hasBlocks: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
    width: output.columns > 0 ? output.columns : 80,
  };
}

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'cyan' | 'inverse';

/** The text in that style, where there are styles. */
export function styled(text: string, style: Style | null, { isColoured }: Capabilities): string {
  if (style === null || !isColoured || text === '') return text;
  // Whether the stream has colours is known already; Node.js would ask the environment for each text.
  return styleText(style, text, { validateStream: false });
}
