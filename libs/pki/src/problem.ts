/** A node has no certificate that counts, or cannot get the next one; the message says why and what to do, and holds no secret. */
export class EnrolmentProblem extends Error {
  /** Trying again later may help. */
  readonly temporary: boolean;
  constructor(message: string, temporary: boolean) {
    super(message);
    this.name = 'EnrolmentProblem';
    this.temporary = temporary;
  }
}
