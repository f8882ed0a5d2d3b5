export type LoginFailure = 'unreachable' | 'tls_refused' | 'authentication_failed' | 'target_error';

/** Why a target was not opened. Texts are made here: nothing that a target or a library said is repeated. */
export class LoginError extends Error {
  override readonly name = 'LoginError';

  constructor(
    readonly failure: LoginFailure,
    message: string,
    /** SQLSTATE, where the target gave one. */
    readonly sqlstate?: string,
  ) {
    super(message);
  }
}

const stringOf = (error: unknown, key: 'code' | 'message'): string => {
  const value: unknown = typeof error === 'object' && error !== null && key in error ? Reflect.get(error, key) : '';
  return typeof value === 'string' ? value : '';
};

/** Any failure on the way to a target, told without its words. */
export const loginError = (error: unknown): LoginError => {
  if (error instanceof LoginError) return error;
  const code = stringOf(error, 'code');
  const said = stringOf(error, 'message');
  if (/^[0-9A-Z]{5}$/.test(code) && /\d/.test(code))
    return code.startsWith('28')
      ? new LoginError('authentication_failed', `the target refused the credential (SQLSTATE ${code})`, code)
      : new LoginError('target_error', `the target refused the session (SQLSTATE ${code})`, code);
  if (said.startsWith('SASL'))
    return new LoginError('authentication_failed', 'the SCRAM exchange with the target failed');
  if (/SSL connection/i.test(said))
    return new LoginError('tls_refused', 'the target does not offer TLS, which is required');
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH)/.test(code))
    return new LoginError('tls_refused', `TLS with the target failed (${code})`);
  const known = /^E[A-Z]{3,20}$/.test(code) ? ` (${code})` : '';
  return new LoginError('unreachable', `the target cannot be reached${known}`);
};
