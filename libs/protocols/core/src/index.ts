export * from './bytes.js';
export * from './framer.js';
export * from './inbox.js';
export * from './limits.js';
export * from './limits.js';
export * from './reader.js';
export * from './writer.js';
