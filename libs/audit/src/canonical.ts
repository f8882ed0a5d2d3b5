/**
 * RFC 8785 (JCS): one text for one value, so that a digest of it is a digest of the value. Members that are `undefined`
 * are left out; what JSON cannot say is a bug and throws.
 */
export const canonicalJson = (value: unknown, depth = 0): string => {
  if (depth > maxDepth) throw new RangeError('too deep for canonical JSON');
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new RangeError('a lone surrogate has no canonical JSON');
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new RangeError(`${value} has no canonical JSON`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw new TypeError(`${typeof value} has no canonical JSON`);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // By UTF-16 code units, which is what comparing strings does.
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member, depth + 1)}`);
  return `{${members.join(',')}}`;
};

const maxDepth = 16;
