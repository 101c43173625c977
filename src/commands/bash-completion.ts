import type { Argument, Command, Option } from 'commander';

/** A command with what stands before it, as `uapid account add`. */
interface Named {
  readonly path: string;
  readonly command: Command;
}

/**
 * A script for bash that completes the commands of a program, their options, and values that are one of a
 * few words or a file. It needs nothing but bash.
 */
export function bashCompletion(program: Command): string {
  const all = commandsBelow({ path: program.name(), command: program });
  const name = program.name();
  return `# Completion of ${name} for bash, made by: ${name} completion bash
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path=${name} words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
      ${all
        .slice(1)
        .map(({ path }) => quoted(path))
        .join(' | ')})
        path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$path $prev" in
${valuesOf(all).join('\n')}
  esac
  case "$path" in
${all.map(wordsOf).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _${name} ${name}
`;
}

/** The command and those below it, each behind the one that it belongs to. */
function commandsBelow(named: Named): Named[] {
  const below = named.command.commands.map((command) => ({
    path: `${named.path} ${command.name()}`,
    command,
  }));
  return [named, ...below.flatMap(commandsBelow)];
}

/** What is done behind options that take a value, each with the places where it is. */
function valuesOf(all: readonly Named[]): string[] {
  const places = new Map<string, string[]>();
  for (const { path, command } of all) {
    for (const option of command.options.filter(({ required, optional }) => required || optional)) {
      const done = completed(option);
      places.set(done, [...(places.get(done) ?? []), quoted(`${path} ${option.long}`)]);
    }
  }
  return Array.from(places, ([done, those]) => `    ${those.join(' | ')})\n      ${done} ;;`);
}

const files = 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return';

function completed({ flags, argChoices }: Option): string {
  if (/<(?:FILE|DIR|PATH)\b/.test(flags)) return files;
  // The words in small letters of a value such as <procfs|ps-list>.
  const value = /<([^>]*\|[^>]*)>/.exec(flags)?.[1] ?? '';
  const words = argChoices ?? value.split('|').filter((word) => /^[a-z][a-z-]*$/.test(word));
  if (words.length === 0) return 'return';
  return `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur")); return`;
}

/** What may stand behind a command: those below it, the choices of its arguments, its options. */
function wordsOf({ path, command }: Named): string {
  const words = [
    ...command.commands.map((each) => each.name()),
    ...command.registeredArguments.flatMap(({ argChoices }: Argument) => argChoices ?? []),
    ...command.options.flatMap(({ long, hidden }) => (hidden || !long ? [] : [long])),
    '--help',
  ];
  // Options are offered once somebody begins one.
  const isFile = command.registeredArguments.some((argument) => argument.name() === 'file');
  const first = isFile ? `[[ $cur = -* ]] || { ${files}; }; ` : '';
  return `    ${quoted(path)}) ${first}words=${quoted(words.join(' '))} ;;`;
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
