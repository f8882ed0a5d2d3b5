export { createAnalyzer, loadGrammar, longestText } from './analyzer.js';
export type { Analysis, Analyzer } from './analyzer.js';
export * from './facts.js';
export { upToPassword, withoutPasswords } from './passwords.js';
export { isKept } from './session-values.js';
export { shapeOf } from './shape.js';
export { changesMeaning } from './settings.js';
export { renderNodes, renderStatements } from './reference.js';
