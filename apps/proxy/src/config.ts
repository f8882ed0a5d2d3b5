import {
  addressField,
  addressesField,
  countField,
  durationField,
  logLevelField,
  parseSize,
  sizeField,
} from '@sallyport/runtime';
import { z } from 'zod';

/** Everything that a proxy is configured with. Reference: docs/configuration.md, generated from this. */
export const proxyConfigSchema = z.object({
  SALLYPORT_CONTROL_PLANE: addressField.describe('Where the control plane takes nodes (gRPC, mTLS), host:port.'),
  SALLYPORT_ENROLMENT: addressField
    .optional()
    .describe('Where the control plane enrols new nodes, host:port. Needed once.'),
  SALLYPORT_JOIN_TOKEN: z
    .string()
    .max(4096)
    .optional()
    .describe('Single-use token that enrols this proxy. Needed once; kept nowhere.')
    .meta({ secret: true }),
  SALLYPORT_NAME: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits, dots and hyphens')
    .describe('Name of this proxy, as the join token was made for.'),
  SALLYPORT_STATE_DIRECTORY: z
    .string()
    .min(1)
    .describe('Directory of its own: certificate and key, the last bundle, evidence that was not shipped yet.'),
  SALLYPORT_WORKERS: countField(1, 32)
    .default('1')
    .describe(
      'Processes that share the clients of this proxy, to use more than one core. Each is a proxy of its own, with ports 10 further on: docs/operations.md.',
    ),
  SALLYPORT_POSTGRES_LISTEN: addressesField
    .default('127.0.0.1:7432')
    .describe('Where PostgreSQL clients connect. Several with commas between them: `127.0.0.1:7432,[::1]:7432`.'),
  SALLYPORT_POSTGRES_SOCKET_DIRECTORY: z
    .string()
    .optional()
    .describe(
      'Directory for a unix socket, for PostgreSQL clients on this machine (`psql -h DIRECTORY`). It is named after the first port, as PostgreSQL does it: `.s.PGSQL.7432`. Who may enter the directory may connect.',
    ),
  SALLYPORT_TUNNEL_LISTEN: addressField.default('127.0.0.1:7433').describe('Where agents connect.'),
  SALLYPORT_TUNNEL_ADVERTISE: addressField.optional().describe('Where agents reach the tunnel listener from outside.'),
  SALLYPORT_TLS_CERTIFICATE: z
    .string()
    .optional()
    .describe('PEM file with the certificate chain for clients. Absent: the certificate of the node is shown.'),
  SALLYPORT_TLS_KEY: z.string().optional().describe('PEM file with the key of SALLYPORT_TLS_CERTIFICATE.'),
  SALLYPORT_SPOOL_LIMIT: sizeField
    .refine((text) => parseSize(text) >= 16 * 2 ** 20, 'must be 16MiB or more')
    .default('1GiB')
    .describe('How much evidence may wait for the control plane. Beyond it statements are refused.'),
  SALLYPORT_DRAIN: durationField(0, 86_400_000)
    .default('10s')
    .describe('How long sessions may go on after SIGTERM, while no new ones are taken. What is left then is ended.'),
  SALLYPORT_PREVIEW_HOLD: durationField(1_000, 3_600_000)
    .default('30s')
    .describe(
      'How long a write that its policy previews may hold its locks while people are asked. Then it is rolled back; the approval lives on, and the same command sent again is tried again.',
    ),
  SALLYPORT_PREVIEW_LOCK_TIMEOUT: durationField(1, 3_600_000)
    .default('2s')
    .describe('How long such a write may wait for locks of others.'),
  SALLYPORT_PENDING_LOGINS: countField(1, 1_000_000)
    .default('1000')
    .describe(
      'Clients that may be connected and not logged in. One more, and one of those who hesitate longest has to go.',
    ),
  SALLYPORT_PENDING_LOGINS_PER_ADDRESS: countField(1, 1_000_000)
    .default('200')
    .describe(
      'The same for one address (IPv6: one /64). Behind a balancer that hides addresses, as many as SALLYPORT_PENDING_LOGINS.',
    ),
  SALLYPORT_HEALTH_LISTEN: addressField
    .default('127.0.0.1:7434')
    .describe('Where /healthz, /readyz and /metrics are served.'),
  SALLYPORT_LOG_LEVEL: logLevelField,
});

export type ProxyConfig = Readonly<z.output<typeof proxyConfigSchema>>;
