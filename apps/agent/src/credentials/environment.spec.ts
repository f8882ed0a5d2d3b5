import { describe, expect, test } from '@jest/globals';
import { fromEnvironment } from './environment.js';

describe('a credential from the environment', () => {
  const env = { SALLYPORT_CREDENTIAL_EU_BILLING_USER: 'app', SALLYPORT_CREDENTIAL_EU_BILLING_PASSWORD: 's3cret' };

  test('is the pair of its name', async () => {
    await expect(fromEnvironment('eu-billing', env).read()).resolves.toEqual({ user: 'app', password: 's3cret' });
  });

  test('takes the user that the file names', async () => {
    await expect(fromEnvironment('eu-billing', env, 'other').read()).resolves.toMatchObject({ user: 'other' });
  });

  test.each(['USER', 'PASSWORD'])('without %s, or with an empty one, it says which to set', async (part) => {
    for (const value of [undefined, '']) {
      const lacking = { ...env, [`SALLYPORT_CREDENTIAL_EU_BILLING_${part}`]: value };
      await expect(fromEnvironment('eu-billing', lacking).read()).rejects.toThrow(
        'set SALLYPORT_CREDENTIAL_EU_BILLING_USER and SALLYPORT_CREDENTIAL_EU_BILLING_PASSWORD for the agent',
      );
    }
  });
});
