export * from './bundle/chunks.js';
export * from './compile/types.js';
export * from './principal.js';
