import type { Exchange } from './exchange.js';
import type { Run } from './ledger.js';

/** What a command tag says about transactions and names, before the next ReadyForQuery does. */
export const followTag = (tag: string, run: Run, exchange: Exchange): void => {
  const { statements, portals } = exchange;
  const named = (_value: unknown, name: string): boolean => name !== '';
  // A portal keeps what names meant when it was bound; what is decided when it runs would be about something else.
  if (run.rebinds?.test(tag)) portals.forgetAll();
  switch (tag) {
    case 'BEGIN':
    case 'START TRANSACTION':
      return exchange.setTransaction('open');
    case 'COMMIT':
    case 'ROLLBACK':
    case 'PREPARE TRANSACTION':
      // The same tag for ROLLBACK TO and AND CHAIN, after which the block goes on. ReadyForQuery tells it at the latest.
      if (run.portal && !/\b(?:to|chain)\b/i.test(run.portal.statement.text)) exchange.setTransaction('idle');
      return;
    case 'DEALLOCATE':
      for (const statement of statements.settled()) statement.doubtful = true;
      return;
    case 'PREPARE':
      remember(exchange.madeBySql.statement, run.gives);
      return statements.forgetAll(({ doubtful }, name) => doubtful && name !== '');
    case 'DEALLOCATE ALL':
      exchange.madeBySql.statement.clear();
      return statements.forgetAll(named);
    case 'DISCARD ALL':
      statements.forgetAll();
      exchange.madeBySql.statement.clear();
      exchange.madeBySql.portal.clear();
      return portals.forgetAll(named);
    case 'DECLARE CURSOR':
      remember(exchange.madeBySql.portal, run.gives);
      return portals.forgetAll(named);
    case 'CLOSE CURSOR ALL':
      exchange.madeBySql.portal.clear();
      return portals.forgetAll(named);
    case 'CLOSE CURSOR':
      return portals.forgetAll(named);
    default:
  }
};

const mostRemembered = 64;
const remember = (names: Set<string>, given: readonly string[]): void => {
  for (const name of given) if (names.size < mostRemembered) names.add(name);
};
