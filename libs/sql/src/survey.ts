import { isFields } from './node.js';
import { roleOf } from './node-kinds.js';
import { innerStatements, plainStatements, readStatements } from './statement-kinds.js';

const isListed = (tag: string): boolean => {
  const role = roleOf(tag);
  if (role !== undefined) return role !== 'unknown';
  return Object.hasOwn(plainStatements, tag) || Object.hasOwn(readStatements, tag) || innerStatements[tag] === 'inside';
};

/** The first node in a tree that nobody has thought about, or that the grammar never makes: readers may pass by where it stands. */
export function unlistedNode(tree: unknown): string | undefined {
  const open: unknown[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (Array.isArray(node)) for (const each of node) open.push(each);
    else if (isFields(node))
      for (const key of Object.keys(node)) {
        if (/^[A-Z]/.test(key) && !isListed(key)) return key;
        const value = node[key];
        if (typeof value === 'object' && value !== null) open.push(value);
      }
  }
  return undefined;
}
