export * from './client.js';
export { sqlstate } from './message/refusal.js';
export { protocolVersion, requestCode } from './message/type.js';
export { defaultLimits, postgres } from './protocol.js';
