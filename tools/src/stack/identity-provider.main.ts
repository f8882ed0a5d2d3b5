import { startIdentityProvider } from '@sallyport/testing';

/** A process of its own: a real OIDC provider with the machine clients that the environment lists. */
const clients = JSON.parse(process.env['CLIENTS'] ?? '[]') as Parameters<typeof startIdentityProvider>[0]['clients'];
const provider = await startIdentityProvider({ clients, port: Number(process.env['PORT'] ?? '0') });
process.stdout.write(`issuer ${provider.issuer}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void provider.stop().then(() => process.exit(0)));
