/** A value that XML can show: what the JSON answers consist of. */
type Value = string | number | { readonly [name: string]: Value };

/** An XML document whose elements are the names of the value, in their order. */
export function xmlDocument(root: string, value: Value): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, value)}\n`;
}

function element(name: string, value: Value): string {
  const content =
    typeof value === 'object'
      ? Object.entries(value).map(([inner, entry]) => element(inner, entry))
      : [escaped(String(value))];
  return `<${name}>${content.join('')}</${name}>`;
}

/** XML 1.0, sections 2.2 and 2.4: what may not stand in it at all is left out. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
