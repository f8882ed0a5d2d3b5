import { nodeKinds } from './node-kinds.js';
import { isTag } from './node.js';
import type { Fields } from './node.js';
import { innerStatements, plainStatements, readStatements } from './statement-kinds.js';

const listed: ReadonlySet<string> = new Set([
  ...Object.entries(nodeKinds).flatMap(([tag, [role]]) => (role === 'unknown' ? [] : [tag])),
  ...Object.keys(plainStatements),
  ...Object.keys(readStatements),
  ...Object.keys(innerStatements).filter((tag) => innerStatements[tag] === 'inside'),
]);

/** The first node in a tree that nobody has thought about, or that the grammar never makes: readers may pass by where it stands. */
export function unlistedNode(tree: unknown): string | undefined {
  const open: object[] = [];
  const see = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) open.push(value);
  };
  see(tree);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (Array.isArray(node)) node.forEach(see);
    else
      for (const key in node) {
        if (isTag(key) && !listed.has(key)) return key;
        see((node as Fields)[key]);
      }
  }
  return undefined;
}
