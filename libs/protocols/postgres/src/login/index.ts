export { LoginError } from './error.js';
export type { LoginFailure } from './error.js';
export { openTarget } from './open.js';
export type { OpenedTarget, TargetOptions } from './open.js';
