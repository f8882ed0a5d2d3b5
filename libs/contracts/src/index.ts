export * from './gen/sallyport/v1/approvals.js';
export * from './gen/sallyport/v1/configuration.js';
export * from './gen/sallyport/v1/enrolment.js';
export * from './gen/sallyport/v1/evidence.js';
export * from './gen/sallyport/v1/tunnel.js';
