export { validateBinding } from './binding.js';
export type { Binding, BindingProblem } from './binding.js';
export { tokenAlgorithms } from './key.js';
export type { IdentityLike, IssuerLike, SubagentLike } from './record.js';
export { tokenLimits } from './token.js';
export { createVerifier, loginRefusal, refusedCauses } from './verify.js';
export type { Refused, RefusedCause, Verified, Verifier } from './verify.js';
export { tokenExpiryWatch } from './watch.js';
export type { WatchCause, Watched } from './watch.js';
