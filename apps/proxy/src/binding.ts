import { hash } from 'node:crypto';
import type { Preview } from '@sallyport/contracts';
import type { CommandQuestion } from '@sallyport/kernel';
import { bindingOf } from '@sallyport/policy';
import type { Judged } from './judged.js';
import { effectsOf } from './outline.js';
import { effectOf } from './preview.js';

/** What an approval is for: this command, of this caller, meaning what it means now, and doing what people saw it do. */
export const bindingFor = (
  { connection, database }: { readonly connection: string; readonly database: string },
  question: CommandQuestion,
  { desk, facts, behind, settings: under }: Judged,
  preview?: Preview,
): Buffer =>
  hash(
    'sha256',
    bindingOf({
      statement: question.text,
      parameters: question.parameters,
      // For whom it acts is part of who it is: what was agreed to for one chain is for no other.
      principal: [desk.identified.caller.id, ...desk.identified.caller.onBehalfOf].join(' '),
      connection,
      database,
      policyVersion: desk.place.source.policyVersion,
      settings: {
        ...Object.fromEntries(Object.entries(under).map(([name, value]) => [`setting ${name}`, value])),
        ...Object.fromEntries(behind.map(({ name, text }, index) => [`name ${index}`, JSON.stringify([name, text])])),
        // A view, a table or a name of the catalog may stand for something else by the time it runs.
        effects: effectsOf(facts),
        ...(preview === undefined ? {} : { preview: effectOf(preview) }),
      },
    }),
    'buffer',
  );
