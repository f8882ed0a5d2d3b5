import { readFileSync } from 'node:fs';
import {
  addressField,
  ConfigProblem,
  durationField,
  logLevelField,
  parseAddress,
  parseDuration,
  readConfig as readVariables,
} from '@sallyport/runtime';
import type { Environment, ListenAddress } from '@sallyport/runtime';
import { z } from 'zod';

const flag = z.enum(['true', 'false']);
const url = (protocols: readonly string[], example: string) =>
  z.string().refine((text) => {
    const parsed = URL.parse(text);
    return parsed !== null && protocols.includes(parsed.protocol);
  }, `must be a URL such as ${example}`);

/** Every variable that the control plane reads; the reference in docs is generated from this. */
export const configSchema = z
  .object({
    SALLYPORT_DATABASE_URL: url(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/sallyport')
      .optional()
      .describe("The control plane's own PostgreSQL. Give this or SALLYPORT_EMBEDDED_POSTGRES."),
    SALLYPORT_EMBEDDED_POSTGRES: z
      .string()
      .min(1)
      .optional()
      .describe('Directory of a PostgreSQL that the control plane runs itself, for small installations.'),
    SALLYPORT_KEY: z
      .string()
      .min(1)
      .describe('32 random bytes in base64, or the path of a file that holds them; seals the keys in the database.')
      .meta({ secret: true }),
    SALLYPORT_HTTP_LISTEN: addressField.default('127.0.0.1:7080').describe('Where REST and docs listen.'),
    SALLYPORT_GRPC_LISTEN: addressField
      .default('127.0.0.1:7081')
      .describe('Where proxies and agents connect (gRPC, mTLS).'),
    SALLYPORT_ENROLMENT_LISTEN: addressField
      .default('127.0.0.1:7082')
      .describe('Where proxies and agents enrol with a join token (gRPC, TLS).'),
    SALLYPORT_GRPC_NAMES: z
      .string()
      .regex(/^[A-Za-z0-9.:*-]+(,[A-Za-z0-9.:*-]+)*$/, 'must be names or addresses, separated by commas')
      .default('127.0.0.1,localhost')
      .describe('Names and addresses under which nodes reach the gRPC listeners; they go into their certificate.'),
    SALLYPORT_PUBLIC_URL: url(['http:', 'https:'], 'https://sallyport.example.com')
      .optional()
      .describe('Where people reach REST; shown in links. By default made from SALLYPORT_HTTP_LISTEN.'),
    SALLYPORT_AUDIENCE: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('Audience of the tokens of issuers that name none of their own.'),
    SALLYPORT_LOG_LEVEL: logLevelField,
    SALLYPORT_HOLD: durationField(1_000, 600_000)
      .default('45s')
      .describe('How long a command is held on the wire, for connections that do not say.'),
    SALLYPORT_MAX_STALENESS: durationField(15_000, 86_400_000)
      .default('60s')
      .describe('How long a proxy may decide without hearing from the control plane.'),
    SALLYPORT_CATALOG_STALENESS: durationField(60_000, 604_800_000)
      .default('10m')
      .describe(
        'How long a target’s catalog is in force without an agent that finds it as it is known. Then what needs it is masked or refused. Longer than SALLYPORT_CATALOG_INTERVAL of the agents.',
      ),
    SALLYPORT_APPROVAL_EXPIRY: durationField(60_000, 2_592_000_000)
      .default('24h')
      .describe('How long an approval can be answered, and a granted one be run.'),
    SALLYPORT_SHUTDOWN_DELAY: durationField(0, 600_000)
      .default('0s')
      .describe('How long /readyz says no before it stops taking requests, so that load balancers can turn away.'),
    SALLYPORT_SHUTDOWN_LIMIT: durationField(1_000, 600_000)
      .default('10s')
      .describe('How long requests that run when it stops may still take.'),
    SALLYPORT_CERTIFICATE_LIFETIME: durationField(10_000, 2_592_000_000)
      .default('24h')
      .describe('How long certificates of nodes live; they renew by themselves after half of it.'),
    SALLYPORT_TOKEN_LIFETIME: durationField(60_000, 3_600_000)
      .default('15m')
      .describe('How long access tokens of people live; their logins renew them.'),
    SALLYPORT_TOKEN_KEY_LIFETIME: durationField(86_400_000, 31_536_000_000)
      .default('30d')
      .describe('How long a key signs access tokens before the next one does.'),
    SALLYPORT_LOGIN_LIFETIME: durationField(300_000, 7_776_000_000)
      .default('7d')
      .describe('How long a login of `sally` lasts before its person must sign in again.'),
    SALLYPORT_SESSION_LIFETIME: durationField(300_000, 2_592_000_000)
      .default('12h')
      .describe('How long people stay signed in with a browser, at the longest.'),
    SALLYPORT_SESSION_IDLE: durationField(120_000, 2_592_000_000)
      .default('1h')
      .describe('How long people stay signed in with a browser that does nothing.'),
    SALLYPORT_ALLOW_PRIVATE_URLS: flag
      .default('false')
      .describe('Allow issuers whose keys are on loopback or in a private network.'),
  })
  .refine(
    (value) => (value.SALLYPORT_DATABASE_URL === undefined) !== (value.SALLYPORT_EMBEDDED_POSTGRES === undefined),
    {
      path: ['SALLYPORT_DATABASE_URL'],
      message: 'give exactly one of SALLYPORT_DATABASE_URL and SALLYPORT_EMBEDDED_POSTGRES',
    },
  );

/** The configuration, read once at start. */
export interface Config {
  readonly database:
    { readonly kind: 'url'; readonly url: string } | { readonly kind: 'embedded'; readonly directory: string };
  /** 32 bytes that seal what must not be read in the database. */
  readonly key: Uint8Array;
  readonly httpListen: ListenAddress;
  readonly grpcListen: ListenAddress;
  readonly enrolmentListen: ListenAddress;
  readonly grpcNames: readonly string[];
  readonly publicUrl: string;
  readonly audience: string | undefined;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly holdSeconds: number;
  /** Milliseconds. */
  readonly maxStaleness: number;
  /** Milliseconds. */
  readonly catalogStaleness: number;
  /** Milliseconds. */
  readonly approvalExpiry: number;
  /** Milliseconds. */
  readonly shutdownDelay: number;
  /** Milliseconds. */
  readonly shutdownLimit: number;
  /** Milliseconds. */
  readonly certificateLifetime: number;
  /** Milliseconds. */
  readonly tokenLifetime: number;
  /** Milliseconds. */
  readonly tokenKeyLifetime: number;
  /** Milliseconds. */
  readonly loginLifetime: number;
  /** Milliseconds. */
  readonly sessionLifetime: number;
  /** Milliseconds. */
  readonly sessionIdle: number;
  readonly allowPrivateUrls: boolean;
}

/** Nest's token of the configuration. */
export const CONFIG = Symbol('config');

/** @throws ConfigProblem */
export function readConfig(env: Environment): Config {
  const value = readVariables(configSchema, env);
  return Object.freeze({
    database:
      value.SALLYPORT_DATABASE_URL === undefined
        ? { kind: 'embedded' as const, directory: value.SALLYPORT_EMBEDDED_POSTGRES ?? '' }
        : { kind: 'url' as const, url: value.SALLYPORT_DATABASE_URL },
    key: readKey(value.SALLYPORT_KEY),
    httpListen: parseAddress(value.SALLYPORT_HTTP_LISTEN),
    grpcListen: parseAddress(value.SALLYPORT_GRPC_LISTEN),
    enrolmentListen: parseAddress(value.SALLYPORT_ENROLMENT_LISTEN),
    grpcNames: value.SALLYPORT_GRPC_NAMES.split(','),
    publicUrl: value.SALLYPORT_PUBLIC_URL ?? `http://${value.SALLYPORT_HTTP_LISTEN}`,
    audience: value.SALLYPORT_AUDIENCE,
    logLevel: value.SALLYPORT_LOG_LEVEL,
    holdSeconds: Math.round(parseDuration(value.SALLYPORT_HOLD) / 1000),
    maxStaleness: parseDuration(value.SALLYPORT_MAX_STALENESS),
    catalogStaleness: parseDuration(value.SALLYPORT_CATALOG_STALENESS),
    approvalExpiry: parseDuration(value.SALLYPORT_APPROVAL_EXPIRY),
    shutdownDelay: parseDuration(value.SALLYPORT_SHUTDOWN_DELAY),
    shutdownLimit: parseDuration(value.SALLYPORT_SHUTDOWN_LIMIT),
    certificateLifetime: parseDuration(value.SALLYPORT_CERTIFICATE_LIFETIME),
    tokenLifetime: parseDuration(value.SALLYPORT_TOKEN_LIFETIME),
    tokenKeyLifetime: parseDuration(value.SALLYPORT_TOKEN_KEY_LIFETIME),
    loginLifetime: parseDuration(value.SALLYPORT_LOGIN_LIFETIME),
    sessionLifetime: parseDuration(value.SALLYPORT_SESSION_LIFETIME),
    sessionIdle: parseDuration(value.SALLYPORT_SESSION_IDLE),
    allowPrivateUrls: value.SALLYPORT_ALLOW_PRIVATE_URLS === 'true',
  });
}

function readKey(text: string): Uint8Array {
  const inline = decodeKey(text);
  if (inline !== undefined) return inline;
  let content: string;
  try {
    content = readFileSync(text, 'utf8');
  } catch {
    // Neither is repeated here: it may be a key with a typing error.
    throw new ConfigProblem([
      'SALLYPORT_KEY is neither 32 bytes in base64 nor a file that can be read: make one with `openssl rand -base64 32`',
    ]);
  }
  const key = decodeKey(content.trim());
  if (key === undefined) throw new ConfigProblem(['SALLYPORT_KEY names a file that does not hold 32 bytes in base64']);
  return key;
}

function decodeKey(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'base64'));
}
