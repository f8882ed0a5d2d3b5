import { actionsWithin, limitsFor } from '@sallyport/policy';
import { z } from 'zod';
import { name } from '../http/text.js';

const detail = z.strictObject({
  type: z.literal('sallyport_connection'),
  connections: z.array(name).min(1).max(100).optional(),
  actions: z
    .array(z.string().refine((action) => actionsWithin.has(action), 'is no action or action group'))
    .min(1)
    .max(60)
    .optional(),
});

/** What a token may at most: RFC 9396. What is absent of an entry means all. */
export const authorizationDetails = z.array(detail).min(1).max(50);
export type AuthorizationDetail = z.infer<typeof detail>;

/** Every entry of the child lies within one of the parent; a parent without any may all that its principals may. */
export const isCovered = (
  child: readonly AuthorizationDetail[] | undefined,
  parent: readonly AuthorizationDetail[] | undefined,
): boolean =>
  parent === undefined || (child !== undefined && child.every((entry) => parent.some((each) => covers(each, entry))));

const covers = (parent: AuthorizationDetail, child: AuthorizationDetail): boolean =>
  isWithin(child.connections, parent.connections) && isWithin(leaves(child.actions), leaves(parent.actions));

const isWithin = (child: readonly string[] | undefined, parent: readonly string[] | undefined): boolean =>
  parent === undefined || (child !== undefined && child.every((each) => parent.includes(each)));

const leaves = (actions: readonly string[] | undefined): readonly string[] | undefined =>
  actions?.flatMap((action) => actionsWithin.get(action) ?? [action]);

/** May a token with these limits do all here that its principals may? */
export const permitsAll = (details: readonly AuthorizationDetail[] | undefined, connection: string): boolean =>
  limitsFor(details, connection).everything;

export const namesConnection = (details: readonly AuthorizationDetail[] | undefined, connection: string): boolean =>
  limitsFor(details, connection).connects;
