/** Where a client connects, in libpq's words. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly sslmode: 'disable' | 'require' | 'verify-full';
  /** File with the PEM of the authorities, or `system`. */
  readonly authorities?: string | undefined;
}

export interface ReadyLine {
  readonly for: string;
  readonly line: string;
}

const tlsOf = ({ sslmode, authorities }: Place): readonly (readonly [string, string])[] => [
  ['sslmode', sslmode],
  ...(sslmode === 'verify-full' && authorities !== undefined ? ([['sslrootcert', authorities]] as const) : []),
];

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
const query = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');

/** libpq's connection URI, which drivers of most languages read. */
export function uriOf(place: Place, password?: string): string {
  const { host, port, user, database } = place;
  const who = `${encodeURIComponent(user)}${password === undefined ? '' : `:${encodeURIComponent(password)}`}`;
  return `postgres://${who}@${bracketed(host)}:${port}/${encodeURIComponent(database)}?${query(tlsOf(place))}`;
}

/** libpq's connection string; a value with a blank is quoted. */
export function dsnOf(place: Place): string {
  const { host, port, user, database } = place;
  const pairs = [['host', host], ['port', String(port)], ['user', user], ['dbname', database], ...tlsOf(place)];
  const quoted = (value: string): string =>
    /^[\w.:/@-]+$/.test(value) ? value : `'${value.replace(/[\\']/g, '\\$&')}'`;
  return pairs.map(([name = '', value = '']) => `${name}=${quoted(value)}`).join(' ');
}

const forShell = (value: string): string =>
  /^[\w.:/@%+=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
const forShellDouble = (value: string): string => `"${value.replace(/[\\"$`]/g, '\\$&')}"`;

/** The same place for whatever connects to it. No line holds a token: it is the password, in PGPASSWORD or a password file. */
export function readyLines(place: Place): readonly ReadyLine[] {
  const { host, port, user, database } = place;
  const uri = uriOf(place);
  const variables: readonly (readonly [string, string])[] = [
    ['PGHOST', host],
    ['PGPORT', String(port)],
    ['PGUSER', user],
    ['PGDATABASE', database],
    ...tlsOf(place).map(([name, value]) => [name === 'sslmode' ? 'PGSSLMODE' : 'PGSSLROOTCERT', value] as const),
  ];
  const jdbc = [['user', user] as const, ...tlsOf(place)];
  return [
    { for: 'psql', line: `psql ${forShellDouble(dsnOf(place))}` },
    { for: 'URI', line: uri },
    {
      for: 'JDBC',
      line: `jdbc:postgresql://${bracketed(host)}:${port}/${encodeURIComponent(database)}?${query(jdbc)}`,
    },
    { for: 'environment', line: `export ${variables.map(([name, value]) => `${name}=${forShell(value)}`).join(' ')}` },
    { for: '.env', line: `DATABASE_URL=${uri}` },
    { for: 'Go (pgx)', line: `pgx.Connect(ctx, ${JSON.stringify(uri)})` },
    { for: 'Python (psycopg)', line: `psycopg.connect(${JSON.stringify(dsnOf(place))})` },
    { for: 'Node (pg)', line: `new pg.Client({ connectionString: ${JSON.stringify(uri)} })` },
  ];
}
