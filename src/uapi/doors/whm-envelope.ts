import type { Arguments } from '../call/arguments.ts';

/**
 * The administrator's calls answer in two forms, as published clients read them: "v1" where
 * `api.version` is above 0, whatever it is, else the older "v0".
 */
export type Generation = 'v0' | 'v1';

/** The form that the arguments of a request ask for. */
export function generationOf(args: Pick<Arguments, 'get'> | URLSearchParams): Generation {
  return Number(args.get('api.version') ?? '0') > 0 ? 'v1' : 'v0';
}

/** What the v1 form tells of a call beside its data. */
export function whmMetadata(command: string, result: 0 | 1, reason: string) {
  return { command, reason, result, version: 1 } as const;
}

/**
 * A call that failed. Clients of v0 look for `status`, `statusmsg` and `error` and nowhere else: a
 * panel that finds none of them takes what it asked for as done.
 */
export function whmFailure(
  generation: Generation,
  command: string,
  reason: string,
  reasonInV0 = reason,
) {
  const metadata = whmMetadata(command, 0, reason);
  if (generation === 'v1') return { metadata };
  return { metadata, status: 0, statusmsg: reasonInV0, error: reasonInV0 };
}

/** A call that is not served, in the words that clients of either form match. */
export function unknownWhmCall(generation: Generation, command: string) {
  return whmFailure(
    generation,
    command,
    `Unknown app (“${command}”) requested for this version (1) of the API.`,
    `Unknown App Requested: ${command}`,
  );
}
