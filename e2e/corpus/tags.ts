/** Which columns of fixture.sql are masked, and how. */
export const classes = {
  secret: 'redact',
  pay: 'null',
  handle: 'hash',
  address: 'email',
  card: 'partial',
} as const;

const tag = (table: string, columns: Readonly<Record<string, keyof typeof classes>>) =>
  Object.entries(columns).map(([column, name]) => ({ schema: 'public', table, column, classes: [name] }));

export const tags = [
  ...tag('people', {
    ssn: 'secret',
    email: 'address',
    card: 'card',
    salary: 'pay',
    born: 'secret',
    token: 'handle',
    photo: 'secret',
    doc: 'secret',
    tags: 'secret',
    home: 'secret',
  }),
  ...tag('wages', { pay: 'pay', code: 'secret' }),
  ...tag('notes_kept', { ssn: 'secret' }),
  ...tag('fenced', { ssn: 'secret' }),
  // Of one partition and of a table that inherits: their families share it.
  ...tag('events_2026', { msg: 'secret' }),
  ...tag('derived', { code: 'secret' }),
];
