import { StartProblem, exitCodes } from '@sallyport/runtime';

/** A node has no certificate that counts, or cannot get the next one; the message says why and what to do, and holds no secret. */
export class EnrolmentProblem extends StartProblem {
  /** Trying again later may help. */
  readonly temporary: boolean;
  constructor(message: string, temporary: boolean) {
    super(message, temporary ? exitCodes.unavailable : exitCodes.usage);
    this.name = 'EnrolmentProblem';
    this.temporary = temporary;
  }
}
