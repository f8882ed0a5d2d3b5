export type SpoolFailureKind = 'full' | 'locked' | 'io';

/** Evidence cannot be kept: nothing may run. */
export class SpoolFailure extends Error {
  readonly kind: SpoolFailureKind;
  constructor(kind: SpoolFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SpoolFailure';
    this.kind = kind;
  }
}
