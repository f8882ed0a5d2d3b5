export { conformance } from './conformance.js';
export type { Subject } from './conformance.js';
export { attest, controlCases } from './controls.js';
export { testPermit } from './permit.js';
export type { Case, ScriptEvent } from './play.js';
export type { ControlSubject, Scene, Trial } from './scene.js';
