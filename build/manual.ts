import type { Command, Option } from 'commander';
import { exitCodes } from '../src/commands/exit-codes.ts';
import { allSettings, configFile } from '../src/config/settings.ts';

/** What the first line of a manual page tells of itself. */
export interface Edition {
  readonly version: string;
  readonly date: Date;
}

const description = `uapid tells who is connected by FTP to pure-ftpd, ProFTPD or vsftpd, and with which file. It serves an HTTP API that is compatible with cPanel UAPI, a web page, and commands for the terminal. The same settings count for the server and for the commands beside it: a flag wins over the environment, that over the file that ${configFile.flag} names.`;

const files = [
  ['/etc/uapid/uapid.json', 'settings of the packaged service, and of the commands beside it'],
  ['/var/lib/uapid', 'accounts, tokens, roles, logins and TLS key of the service'],
  ['/var/log/uapid/audit.log', 'logins, refusals, changes and ended sessions'],
  ['/run/uapid/control.sock', 'the socket by which commands ask the running service'],
  ['/usr/share/doc/uapid', 'documentation and examples'],
] as const;

/** The manual page of a program in man(7), out of its own commands and options. */
export function manualPage(program: Command, { version, date }: Edition): string {
  const name = program.name();
  const day = date.toISOString().slice(0, 10);
  return [
    `.TH ${name.toUpperCase()} 1 ${day} "${name} ${version}" "User Commands"`,
    '.\\" No hyphens in names, no blanks between words.',
    '.nh',
    '.ad l',
    '.SH NAME',
    `${name} \\- who is connected by FTP, for clients of cPanel UAPI, a browser and the terminal`,
    '.SH SYNOPSIS',
    `.B ${name}`,
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    text(description),
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => section(command, name)),
    '.SH EXIT STATUS',
    ...Object.values(exitCodes).flatMap(({ code, means }) => tagged(String(code), means)),
    '.SH ENVIRONMENT',
    ...[...allSettings, configFile].flatMap(({ env, flag }) => tagged(env, `as ${flag}`)),
    '.SH FILES',
    ...files.flatMap(([path, what]) => tagged(path, what)),
    '.SH SEE ALSO',
    text('/usr/share/doc/uapid/README.md, and docs/ beside it'),
    '',
  ].join('\n');
}

/** A command with its options, then those below it. */
function section(command: Command, parent: string): string[] {
  const path = `${parent} ${command.name()}`;
  const options = command.options.filter(({ hidden }) => !hidden);
  const isGroup = command.commands.length > 0 && options.length === 0;
  const usage = isGroup ? '' : ` ${command.usage()}`;
  return [
    `.SS "${text(`${path}${usage}`.replaceAll('"', '\\(dq'))}"`,
    text(sentence(command.description())),
    ...command.registeredArguments
      .filter((argument) => argument.description !== '')
      .flatMap((argument) => tagged(argument.name(), argument.description)),
    ...options.flatMap((option) => tagged(option.flags, explained(option))),
    ...command.commands.flatMap((each) => section(each, path)),
  ];
}

function explained({ description: what, argChoices, defaultValue }: Option): string {
  const choices = argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
  const without = defaultValue === undefined ? '' : ` (default: ${defaultValue})`;
  return `${what}${choices}${without}`;
}

function tagged(tag: string, what: string): string[] {
  return ['.TP', `.B ${text(tag)}`, text(what)];
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** Words as groff_man(7) takes them, in one line: ASCII, and no word begins a request. */
function text(words: string): string {
  return words
    .replace(/\s+/g, ' ')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/[^ -~]/gu, (other) => `\\[u${codeOf(other)}]`)
    .replace(/^[.']/, '\\&$&');
}

const codeOf = (character: string) =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
