/** What opens a target. Read afresh for each opening, handed to the login, kept nowhere. */
export interface Credential {
  readonly user: string;
  readonly password: string;
}

/** One way to come by a credential. */
export interface CredentialSource {
  /** @throws CredentialProblem */
  read(): Promise<Credential>;
}

/** Why a credential cannot be had. The message names places, never contents. */
export class CredentialProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CredentialProblem';
  }
}
