export * from './chunks.js';
export * from './clock.js';
export * from './identity-provider.js';
export * from './ports.js';
export * from './postgres.js';
export * from './saml-identity-provider.js';
export * from './sign-in-provider.js';
export * from './until.js';
