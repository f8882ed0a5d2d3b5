/** A login that cannot begin. `message` is read by who asks for it. */
export class LoginRefused extends Error {
  readonly code: 'ended' | 'too_deep';

  constructor(code: 'ended' | 'too_deep', message: string) {
    super(message);
    this.name = 'LoginRefused';
    this.code = code;
  }
}
