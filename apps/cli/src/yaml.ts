import { Document, visit } from 'yaml';
import { hex, unsafe } from './output.js';

/** YAML documents that no terminal obeys: a text with an unsafe sign stands in quotes, the sign as an escape. */
export function inertYaml(values: readonly unknown[]): string {
  return values.map((value) => renderDocument(value)).join('---\n');
}

function renderDocument(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && node.value.replace(/\n/g, '').search(unsafe) !== -1)
        node.type = 'QUOTE_DOUBLE';
    },
  });
  return document
    .toString({ lineWidth: 0 })
    .replace(unsafe, (sign) => (sign === '\n' ? sign : escapeOf(sign.codePointAt(0) ?? 0)));
}

const escapeOf = (point: number): string => (point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`);
