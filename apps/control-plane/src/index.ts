export { configSchema, readConfig } from './config.js';
export type { Config } from './config.js';
export { enforcement } from './policies/enforcement.js';
export { problemCodes } from './http/problem.js';
