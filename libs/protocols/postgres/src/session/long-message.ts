import { readInt32 } from '@sallyport/protocol-core';
import type { Inbox } from '@sallyport/protocol-core';
import { readBindHead } from '../message/frontend.js';
import { frontend } from '../message/type.js';
import { absent, tooLong, tooManyPortals } from './complaints.js';
import { mostUnanswered } from './ledger.js';
import type { Portal } from './ledger.js';
import { Passage, PassingValues, longCopyData, longestHead, longestPassing } from './passage.js';
import type { Requesting } from './requesting.js';

/** A message that is too long to be kept. `undefined`: it cannot go through, or not yet. */
export const longMessage = (requesting: Requesting, inbox: Inbox): Passage | undefined => {
  const { exchange, held, wait } = requesting;
  const { bytes, at } = inbox;
  const type = bytes[at] ?? 0;
  const total = readInt32(bytes, at + 1) + 1;
  const dropped = new Passage(exchange, { total, to: undefined });
  const later = (): undefined => void wait(nothing);
  if (total > longestPassing || (type !== frontend.bind && type !== frontend.copyData))
    return void exchange.fatal(tooLong, 'refused');
  if (exchange.copyIn) {
    if (type === frontend.bind || held.any) return void exchange.misplaced();
    return longCopyData(exchange, exchange.copyIn, total);
  }
  if (exchange.ledger.length >= mostUnanswered) {
    exchange.urge();
    return later();
  }
  if (exchange.skipping !== undefined) return dropped;
  if (exchange.barrier || exchange.stopping) return later();
  if (type === frontend.bind) return longBind(requesting, inbox, total);
  if (exchange.ledger.runs === 0) return dropped;
  exchange.urge();
  return later();
};

/** Its values are not kept: they go to the target while they come, as a Bind may before its Execute is decided. */
const longBind = ({ exchange, held, refuse, wait }: Requesting, inbox: Inbox, total: number): Passage | undefined => {
  const { bytes, at, end } = inbox;
  const head = readBindHead(bytes, at, end);
  if (head === undefined) return end - at < longestHead ? undefined : void exchange.fatal(tooLong, 'refused');
  const statement = exchange.statement(head.statement);
  if (statement === 'unsure') return void wait(nothing);
  const { portals, context } = exchange;
  const full = portals.size >= context.limits.portals && !portals.has(head.portal);
  if (statement === undefined || full) {
    refuse(statement === undefined ? absent('statement', head.statement) : tooManyPortals, false);
    return new Passage(exchange, { total, to: undefined });
  }
  const of = head.formats.map((format, index) => ({ type: statement.types[index] ?? 0, format }));
  const values = new PassingValues(of, exchange);
  const { parameters } = values;
  const portal: Portal = { statement, parameters, describing: undefined, description: undefined };
  const change = portals.change(head.portal, portal, exchange.epoch);
  exchange.named('portal', head.portal);
  held.release();
  exchange.grouped = true;
  exchange.unflushed = true;
  exchange.ledger.push({ kind: 'bind', change, mask: statement.mask });
  const to = { permit: exchange.permit, weight: 0 } as const;
  return new Passage(exchange, { total, to, head: head.length, values });
};

const nothing = new Uint8Array(0);
