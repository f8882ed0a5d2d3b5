import { CredentialProblem } from './credential.js';
import type { CredentialSource } from './credential.js';

const variableOf = (name: string, part: 'USER' | 'PASSWORD'): string =>
  `SALLYPORT_CREDENTIAL_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_${part}`;

/** `SALLYPORT_CREDENTIAL_BILLING_USER` and `_PASSWORD` for the credential `billing`. */
export function fromEnvironment(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  user?: string,
): CredentialSource {
  return {
    read: () => {
      const found = { user: user ?? env[variableOf(name, 'USER')], password: env[variableOf(name, 'PASSWORD')] };
      if (found.user === undefined || found.user === '' || found.password === undefined || found.password === '')
        return Promise.reject(
          new CredentialProblem(`set ${variableOf(name, 'USER')} and ${variableOf(name, 'PASSWORD')} for the agent`),
        );
      return Promise.resolve({ user: found.user, password: found.password });
    },
  };
}
