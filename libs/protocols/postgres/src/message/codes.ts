/** The SQLSTATE of an error; a server's own word for none where it is malformed. */
export const codeOf = (fields: ReadonlyMap<string, string>): string =>
  /^[0-9A-Z]{5}$/.exec(fields.get('C') ?? '')?.[0] ?? 'XX000';
