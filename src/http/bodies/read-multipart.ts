/**
 * The fields of a multipart/form-data body (RFC 7578) by name, in their order; files are no
 * arguments of any function here and are left out. Null when the body is not of that form, and
 * "too many" when it has more than `max` fields and files.
 *
 * The platform's own parser will not do: it follows the rules for browsers and refuses boundaries
 * of fewer than 27 characters, which programs send ("xYzZY").
 */
export function readMultipart(
  body: Buffer,
  contentType: string,
  max: number,
): [string, string][] | 'too many' | null {
  const boundary = boundaryOf(contentType);
  if (boundary === null) return null;
  // Latin 1 keeps every byte as one character.
  const text = `\r\n${body.toString('latin1')}`;
  const delimiter = `\r\n--${Buffer.from(boundary).toString('latin1')}`;
  // What comes before the first, the parts, and what tells that there are no more.
  const [, ...parts] = text.split(delimiter, max + 2);
  const end = parts.findIndex((part) => part.startsWith('--'));
  if (end === -1) return parts.length > max ? 'too many' : null;
  const fields: [string, string][] = [];
  for (const part of parts.slice(0, end)) {
    const field = readPart(part);
    if (field === null) return null;
    if (!field.isFile) fields.push([field.name, field.value]);
  }
  return fields;
}

function boundaryOf(contentType: string): string | null {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

interface Part {
  readonly name: string;
  readonly value: string;
  readonly isFile: boolean;
}

/** A part is what follows its boundary: blanks, a line end, headers, an empty line, the value. */
function readPart(part: string): Part | null {
  const headEnd = part.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = part.slice(0, headEnd);
  const disposition = /\r\ncontent-disposition:\s*form-data\b([^\r\n]*)/i.exec(head)?.[1];
  const name = /;\s*name=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(disposition ?? '');
  if (disposition === undefined || name === null) return null;
  return {
    name: decode((name[1] ?? name[2] ?? '').replace(/\\(["\\])/g, '$1')),
    value: decode(part.slice(headEnd + 4)),
    isFile: /;\s*filename\*?=/i.test(disposition),
  };
}

function decode(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
