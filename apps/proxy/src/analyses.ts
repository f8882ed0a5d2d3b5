import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';
import { createAnalyzer, loadGrammar } from '@sallyport/sql';
import type { Analysis } from '@sallyport/sql';
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
          return analysis.kind === 'facts' ? analysis : { kind: 'refused', refusal: unreadable(analysis) };
        },
        columnsOf: (relation) => analyzer.columnsOf(relation),
      };
    },
  };
};

/** In the grammar's own words where they are its: they are the server's too. */
const unreadable = ({ message, position }: Extract<Analysis, { kind: 'unreadable' }>): Refusal =>
  position === undefined
    ? refuse('unreadable', `the statement cannot be read: ${message}`)
    : refuse('unreadable', message, { position: position + 1, failsAtTarget: true });
