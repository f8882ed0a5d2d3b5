/** The bundle without the evaluator: all that an agent needs. */
export * from './accept.js';
export * from './canonical.js';
export * from './chunks.js';
export * from './codec.js';
export * from './join-catalog.js';
export * from './split-catalog.js';
