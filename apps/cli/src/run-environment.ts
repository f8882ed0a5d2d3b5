import { uriOf } from './ready-lines.js';
import type { Place } from './ready-lines.js';

export interface RunEnvironmentInput {
  /** What we were started with. */
  readonly env: NodeJS.ProcessEnv;
  readonly place: Place;
  readonly passFile: string;
  /** PEM that libpq reads; absent: nobody is checked. */
  readonly authorities: string | undefined;
  /** Also set DATABASE_URL. */
  readonly databaseUrl: boolean;
  /** For programs that read no password file: it stands in the environment, and is not renewed there. */
  readonly inlineToken: string | undefined;
}

/** Would lead elsewhere, or beat the password file. */
const misleading = ['PGPASSWORD', 'PGHOSTADDR', 'PGSERVICE', 'PGSERVICEFILE', 'PGREQUIRESSL', 'PGSSLROOTCERT'] as const;

/** The variables of libpq, which most drivers read, too. */
export function runEnvironment(input: RunEnvironmentInput): NodeJS.ProcessEnv {
  const { env, place, passFile, authorities, databaseUrl, inlineToken } = input;
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !misleading.some((each) => each === name)));
  return {
    ...kept,
    PGHOST: place.host,
    PGPORT: String(place.port),
    PGUSER: place.user,
    PGDATABASE: place.database,
    PGSSLMODE: place.sslmode,
    PGPASSFILE: passFile,
    ...(authorities === undefined ? {} : { PGSSLROOTCERT: authorities }),
    ...(authorities === undefined || env['NODE_EXTRA_CA_CERTS'] !== undefined
      ? {}
      : { NODE_EXTRA_CA_CERTS: authorities }),
    ...(inlineToken === undefined ? {} : { PGPASSWORD: inlineToken }),
    ...(databaseUrl ? { DATABASE_URL: uriOf({ ...place, authorities }, inlineToken) } : {}),
  };
}

/** One line of a password file (libpq, "The Password File"): a colon or a backslash in a field is escaped. */
export const passFileLine = ({ host, port, user }: Place, token: string): string =>
  `${[host, String(port), '*', user, token].map((field) => field.replace(/[\\:]/g, '\\$&')).join(':')}\n`;
