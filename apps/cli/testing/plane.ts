import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@sallyport/testing';
import { GrpcServers } from '../../control-plane/src/grpc/servers.js';
import { type TestPlane, startPlane } from '../../control-plane/testing/plane.js';
import { type Said, type SallyOptions, sally } from './sally.js';

/** A real control plane on a real PostgreSQL, and a `sally` that is logged in there as the admin `ada`. */
export interface SallyPlane {
  readonly plane: TestPlane;
  /** host:port where nodes enrol. */
  readonly enrolment: string;
  /** For files of a test. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  sally(args: readonly string[], options?: SallyOptions): Promise<Said>;
  /** The same, and it must succeed; what it answered, as JSON. */
  json(args: readonly string[], options?: SallyOptions): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startSallyPlane(database: string): Promise<SallyPlane> {
  const postgres = await startPostgres();
  await postgres.createDatabase(database);
  const plane = await startPlane(postgres.url(database));
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  const made = await plane.admin('POST', '/v1/tokens', { name: 'sally' });
  const env = {
    SALLYPORT_URL: plane.url,
    SALLYPORT_TOKEN: String(made.body['token']),
    SALLYPORT_CONFIG_DIRECTORY: directory,
  };
  const call: SallyPlane['sally'] = (args, options = {}) =>
    sally(args, { ...options, env: { ...env, ...options.env } });
  return {
    plane,
    directory,
    env,
    enrolment: `127.0.0.1:${plane.app.get(GrpcServers, { strict: false }).ports.enrolment}`,
    sally: call,
    json: async (args, options) => {
      const { exitCode, stdout, stderr } = await call([...args, '--json'], options);
      if (exitCode !== 0) throw new Error(`sally ${args.join(' ')}: ${exitCode} ${stderr}`);
      return JSON.parse(stdout);
    },
    stop: async () => {
      await plane.stop();
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
