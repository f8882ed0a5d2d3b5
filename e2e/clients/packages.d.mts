export type Package =
  | 'postgresql'
  | 'python3-psycopg2'
  | 'python3-psycopg'
  | 'default-jdk-headless'
  | 'libpostgresql-jdbc-java'
  | 'golang-go'
  | 'golang-github-lib-pq-dev'
  | 'golang-github-jackc-pgx-v4-dev'
  | 'zsh'
  | 'fish';
export function postgresBin(): string | undefined;
export function missingPackages(): readonly Package[];
export function installLine(names: readonly string[]): string;
