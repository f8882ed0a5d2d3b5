export { createAnalyzer, loadGrammar, longestText } from './analyzer.js';
export type { Analysis, Analyzer } from './analyzer.js';
export * from './facts.js';
export { changesMeaning } from './settings.js';
