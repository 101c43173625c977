import type { FunctionName, Result } from './envelope.ts';

/** The functions of cPanel's older API 2 that are answered, by the UAPI function behind each. */
const functions = new Map<string, FunctionName>([
  ['Ftp::listftp', { module: 'Ftp', func: 'list_ftp' }],
  ['Ftp::listftpwithdisk', { module: 'Ftp', func: 'list_ftp_with_disk' }],
  ['Ftp::listftpsessions', { module: 'Ftp', func: 'list_sessions' }],
]);

/** The names of API 2 that are answered, for the documentation. */
export const api2Names: readonly string[] = [...functions.keys()];

/** The UAPI function behind a function of API 2, or null. */
export function behindApi2({ module, func }: FunctionName): FunctionName | null {
  return functions.get(`${module}::${func}`) ?? null;
}

/** A result as API 2 tells it: in its rows every value is a text. */
export function api2Result(result: Result): Result {
  return { ...result, data: withTexts(result.data) };
}

/** The envelope of API 2 around a result of `api2Result`. */
export function api2Envelope({ module, func }: FunctionName, result: Result) {
  const isFine = result.status === 1;
  return {
    cpanelresult: {
      apiversion: 2,
      ...(isFine ? {} : { error: result.errors?.join('\n') ?? 'The call failed.' }),
      func,
      module,
      event: { result: result.status },
      data: isFine ? result.data : [],
      // API 2 knows no warnings; where there is none to tell the form is exactly its own.
      ...(result.warnings === null ? {} : { warnings: result.warnings }),
    },
  };
}

function withTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withTexts(entry)]));
}
