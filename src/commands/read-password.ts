import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { generatePassword, requirePassword } from '../accounts/password.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { UsageError } from './usage-error.ts';

export interface PasswordOptions {
  readonly passwordStdin?: boolean;
  readonly generatePassword?: boolean;
}

/**
 * A new password from where the options say: made here, the first line of stdin, or the terminal.
 * Rejects with RefusedError when it will not do, with UsageError when there is nobody to ask.
 */
export async function readNewPassword(options: PasswordOptions): Promise<string> {
  if (options.generatePassword) return generatePassword();
  if (options.passwordStdin) {
    const password = await readFirstLine(process.stdin);
    requirePassword(password);
    return password;
  }
  if (!process.stdin.isTTY) {
    throw new UsageError('there is no terminal to ask for a password on; use --password-stdin');
  }
  const [password = '', repeated] = await askHidden(['New password: ', 'Repeat it: ']);
  requirePassword(password);
  if (repeated !== password) throw new RefusedError('invalid', 'the two passwords differ');
  return password;
}

/** Far more than the longest password; stops a stream that has no end. */
const maxLineBytes = 65_536;

/** The first line without its end (LF or CRLF). */
async function readFirstLine(input: AsyncIterable<Buffer>): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of input) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.includes('\n') || bytes.length > maxLineBytes) break;
  }
  const end = bytes.indexOf('\n');
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(line)
      .replace(/\r$/, '');
  } catch {
    throw new UsageError('the password on stdin is not UTF-8');
  }
}

/** Answers typed on the terminal; readline, which edits them, has an output that shows nothing. */
async function askHidden(questions: readonly string[]): Promise<string[]> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = { input: process.stdin, output, terminal: true, historySize: 0 };
  const readline = createInterface(terminal);
  readline.once('SIGINT', () => readline.close());
  const lines = readline[Symbol.asyncIterator]();
  try {
    const answers: string[] = [];
    for (const question of questions) {
      process.stderr.write(question);
      const { done, value } = await lines.next();
      process.stderr.write('\n');
      if (done) throw new UsageError('no password was given');
      answers.push(value);
    }
    return answers;
  } finally {
    readline.close();
  }
}
