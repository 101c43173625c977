import { Document, isScalar, visit } from 'yaml';
import { printableJson } from '../terminal/printable.ts';

/** What a terminal may obey, more than one line, and what readers of YAML 1.1 take for more than a text. */
const unsafe = /[\p{C}\p{Zl}\p{Zp}]|^=$/u;

/**
 * A value as YAML, for readers of version 1.1 too, to which a plain `yes` is no text. Null is `~`, as
 * the original writes it.
 */
export function toYaml(value: unknown): string {
  const document = new Document(value, { version: '1.1' });
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'string' && unsafe.test(node.value)) {
        node.type = 'QUOTE_DOUBLE';
      }
    },
  });
  const text = document.toString({ directives: true, lineWidth: 0, nullStr: '~' });
  // What is unsafe is in double quotes, where YAML reads escapes as JSON does.
  return printableJson(text);
}
