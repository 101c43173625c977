import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Option } from 'commander';
import type { NewCredential } from '../accounts/account-entry.ts';
import { generatePassword, requirePassword } from '../accounts/password.ts';
import { requireHash } from '../accounts/password-hash.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { printSecret } from './output.ts';
import { UsageError } from './usage-error.ts';

export interface PasswordOptions {
  readonly passwordStdin?: boolean;
  readonly generatePassword?: boolean;
}

/** How a command gets a new password. */
export function passwordOptions(): Option[] {
  return [
    new Option('--password-stdin', 'the password is the first line of stdin'),
    new Option('--generate-password', 'make a random password and print it').conflicts(
      'passwordStdin',
    ),
  ];
}

/** What else an account can be given. */
export interface CredentialOptions extends PasswordOptions {
  readonly hashStdin?: boolean;
}

/** How a command gets a new password, or a hash of one. */
export function credentialOptions(): Option[] {
  return [
    ...passwordOptions(),
    new Option(
      '--hash-stdin',
      'the first line of stdin is the hash of a password: argon2id, bcrypt or sha512-crypt',
    ).conflicts(['passwordStdin', 'generatePassword']),
    // Else a script that has it in an argument would be told of an unknown option only.
    new Option('--hash [hash]').preset('').hideHelp().argParser(refuseHash),
  ];
}

function refuseHash(): never {
  throw new UsageError(
    'a hash in an argument is for every user of this system to read; give it by stdin (--hash-stdin)',
  );
}

/**
 * A new password, or the hash of one, from where the options say. Rejects with RefusedError when it will
 * not do, with UsageError when there is nobody to ask.
 */
export async function readNewCredential(options: CredentialOptions): Promise<NewCredential> {
  if (options.hashStdin !== true) return { password: await readNewPassword(options) };
  const passwordHash = await readFirstLine(process.stdin);
  requireHash(passwordHash);
  return { passwordHash };
}

/**
 * Prints a password that was made here. Rejects, saying how to set another, when nobody can have seen
 * it.
 */
export async function printGenerated(
  options: PasswordOptions,
  credential: NewCredential,
  account: string,
  became: 'added' | 'changed',
): Promise<void> {
  if (options.generatePassword !== true || !('password' in credential)) return;
  await printSecret(
    credential.password,
    (reason) =>
      `account ${account} was ${became}, but its password could not be printed (${reason}), so nobody ` +
      `knows it; set another: uapid account passwd ${account}`,
  );
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
    throw new UsageError('the first line of stdin is not UTF-8');
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
