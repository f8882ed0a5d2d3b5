export * from './demo/caller.js';
export * from './demo/process.js';
export * from './stack/paths.js';
export * from './stack/rest.js';
export * from './stack/stack.js';
