/** Where a client connects to: the target itself, or the gateway before it. */
export interface Place {
  readonly way: 'direct' | 'through';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The authority of the certificate that is shown; without one, no TLS. */
  readonly ca?: string;
  /** An empty one, for files. */
  readonly directory: string;
}

type Line = (at: Omit<Place, 'way' | 'directory'>) => string;

const tls = (ca: string | undefined): readonly string[] =>
  ca === undefined ? ['sslmode=disable'] : ['sslmode=verify-full', `sslrootcert=${ca}`];

/** Keywords and values, as libpq and the drivers of Go read them. The password is in PGPASSWORD. */
export const keywords: Line = ({ host, port, user, database, ca }) =>
  [`host=${host}`, `port=${port}`, `user=${user}`, `dbname=${database}`, ...tls(ca)].join(' ');

/** For node-postgres and all that stands on it. */
export const url: Line = ({ host, port, user, password, database, ca }) =>
  `postgres://${user}:${password}@${host}:${port}/${database}?${tls(ca).join('&')}`;

/** What postgres.js does not know it sends to the server: the authority comes by NODE_EXTRA_CA_CERTS. */
export const postgresJsUrl: Line = ({ host, port, user, password, database, ca }) =>
  `postgres://${user}:${password}@${host}:${port}/${database}${ca === undefined ? '' : '?sslmode=verify-full'}`;

export const jdbcUrl: Line = ({ host, port, user, password, database, ca }) =>
  `jdbc:postgresql://${host}:${port}/${database}?${[`user=${user}`, `password=${password}`, ...tls(ca)].join('&')}`;

/** Every way to write it down; docs/clients.md shows each. */
export const lines = { keywords, url, postgresJsUrl, jdbcUrl } as const;
