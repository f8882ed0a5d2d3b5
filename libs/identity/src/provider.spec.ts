import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startIdentityProvider } from '@sallyport/testing';
import type { TestIdentityProvider } from '@sallyport/testing';
import { createVerifier } from './index.js';
import type { Verifier } from './index.js';

/** Tokens as a real OIDC provider issues them. */
let provider: TestIdentityProvider;
let verifier: Verifier;

beforeAll(async () => {
  provider = await startIdentityProvider({
    clients: [{ id: 'etl', secret: 'a-secret-of-the-etl-job', lifetime: 120, claims: { team_id: '7' } }],
  });
  const response = await fetch(provider.jwksUri);
  const { keys } = (await response.json()) as { readonly keys: readonly Record<string, unknown>[] };
  verifier = createVerifier({
    issuers: [
      {
        id: 'iss_1',
        name: 'idp',
        issuer: provider.issuer,
        audiences: ['https://gate.test'],
        keys,
        algorithms: ['ES256'],
      },
    ],
    subagents: [
      {
        id: 'sub_1',
        name: 'etl',
        issuer: 'iss_1',
        claims: { sub: 'etl', team_id: '7' },
        groups: [],
        owner: undefined,
        disabled: false,
        notBefore: 0,
      },
    ],
  });
});
afterAll(() => provider?.stop());

test('is taken until it expires, and only for this audience', async () => {
  const token = await provider.token('etl', 'https://gate.test');
  const result = await verifier.verifyToken(token, { now: Date.now() });
  expect(result).toMatchObject({ kind: 'verified', subject: 'etl', issuer: 'iss_1' });
  const late = await verifier.verifyToken(token, { now: Date.now() + 121_000 });
  expect(late).toMatchObject({ kind: 'refused', cause: 'expired' });
  const elsewhere = await verifier.verifyToken(await provider.token('etl', 'https://other.test'), { now: Date.now() });
  expect(elsewhere).toMatchObject({ kind: 'refused', cause: 'wrong_audience' });
});
