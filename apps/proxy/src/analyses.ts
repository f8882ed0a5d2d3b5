import { refuse } from '@sallyport/kernel';
import { createAnalyzer, loadGrammar } from '@sallyport/sql';
import type { Analyses } from './statements.js';

/** The real grammar against a catalog, as the proxy asks for it. */
export const loadAnalyses = async (): Promise<Analyses> => {
  await loadGrammar();
  return {
    of: (catalog) => {
      const analyzer = createAnalyzer(catalog);
      return {
        analyse: (text, searchPath) => {
          const analysis = analyzer.analyze(text, searchPath);
          return analysis.kind === 'facts'
            ? analysis
            : { kind: 'refused', refusal: refuse('unreadable', `the statement cannot be read: ${analysis.message}`) };
        },
        columnsOf: (relation) => analyzer.columnsOf(relation),
      };
    },
  };
};
