export { bundleCauses, loginCauses, targetCauses } from './causes.js';
export { findErrors, furtherStates, pages } from './find.js';
export { ownPages } from './own.js';
export { problemPages } from './problems.js';
export { refusalPages } from './refusals.js';
export { renderErrors } from './render.js';
