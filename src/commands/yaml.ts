import { Document, isScalar, type Tags, visit } from 'yaml';

/** What a terminal may obey, more than one line, and what readers of YAML 1.1 take for more than a text. */
const unsafe = /[\p{C}\p{Zl}\p{Zp}]|^(?:=|<<)$/u;
const unprintable = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

const merge = 'tag:yaml.org,2002:merge';

/**
 * A value as YAML, for readers of version 1.1 too, to which a plain `yes` is no text. Null is `~`, as
 * the original writes it.
 */
export function toYaml(value: unknown): string {
  // Without its tag for merging a text `<<` is a text like others, and is quoted.
  const customTags = (tags: Tags) =>
    tags.filter((tag) => typeof tag !== 'object' || tag.tag !== merge);
  const document = new Document(value, { version: '1.1', customTags });
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'string' && unsafe.test(node.value)) {
        node.type = 'QUOTE_DOUBLE';
      }
    },
  });
  const text = document.toString({ directives: true, lineWidth: 0, nullStr: '~' });
  // What is unsafe is in double quotes, where escapes are read.
  return text.replace(unprintable, escaped);
}

/** As YAML escapes a character (5.7): other than in JSON one beyond U+FFFF is no pair of two. */
function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // Half of a pair is no character, and readers refuse it.
  if (code >= 0xd800 && code <= 0xdfff) return '\\uFFFD';
  const digits = code.toString(16).padStart(code > 0xffff ? 8 : 4, '0');
  return `\\${code > 0xffff ? 'U' : 'u'}${digits}`;
}
