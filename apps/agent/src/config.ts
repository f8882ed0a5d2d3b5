import { addressField, durationField, logLevelField } from '@sallyport/runtime';
import { z } from 'zod';

/** Everything that an agent is configured with. Reference: docs/configuration.md, generated from this. */
export const agentConfigSchema = z.object({
  SALLYPORT_CONTROL_PLANE: addressField.describe('Where the control plane takes nodes (gRPC, mTLS), host:port.'),
  SALLYPORT_ENROLMENT: addressField
    .optional()
    .describe('Where the control plane enrols new nodes, host:port. Needed once.'),
  SALLYPORT_JOIN_TOKEN: z
    .string()
    .max(4096)
    .optional()
    .describe('Single-use token that enrols this agent. Needed once; kept nowhere.')
    .meta({ secret: true }),
  SALLYPORT_NAME: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits, dots and hyphens')
    .describe('Name of this agent, as connections name it.'),
  SALLYPORT_STATE_DIRECTORY: z.string().min(1).describe('Directory of its own: certificate and key, the last bundle.'),
  SALLYPORT_CREDENTIALS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'YAML file of credentials by name: `billing: { user: app, source: file, path: /run/secrets/billing }`. Sources: environment, file, command (`command: [vault, read, ...]`, with `refresh: 5m` to use what it printed for so long).',
    ),
  SALLYPORT_TARGET_CA: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of authorities that targets’ certificates are verified against, instead of the public ones.'),
  SALLYPORT_WARM_SOCKETS: z
    .string()
    .regex(/^([1-9]|[1-5]\d|6[0-4])$/, 'must be a number from 1 to 64')
    .default('8')
    .describe('Idle sockets that are kept ready at each proxy.'),
  SALLYPORT_CATALOG_INTERVAL: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'must be a number of seconds from 1 to 99999')
    .default('60')
    .describe('Seconds between two looks at each target’s catalog.'),
  SALLYPORT_DRAIN: durationField(0, 86_400_000)
    .default('10s')
    .describe('How long sessions may go on after SIGTERM, while no new ones are taken. What is left then is ended.'),
  SALLYPORT_HEALTH_LISTEN: addressField
    .default('127.0.0.1:7435')
    .describe('Where /healthz, /readyz and /metrics are served.'),
  SALLYPORT_LOG_LEVEL: logLevelField,
});

export type AgentConfig = Readonly<z.output<typeof agentConfigSchema>>;

/** `SALLYPORT_CREDENTIAL_BILLING_USER`: beside the schema, one pair per credential. */
export const isCredentialVariable = (name: string): boolean =>
  /^SALLYPORT_CREDENTIAL_[A-Z0-9_]+_(USER|PASSWORD)$/.test(name);
