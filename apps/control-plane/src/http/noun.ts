import { HttpStatus } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Problem, notFound } from './problem.js';
import { isId } from './text.js';

/** Decorates the controller of one noun for the reference. */
export const NounDocs = (noun: string) => ApiTags(noun);
export const Summary = (summary: string) => ApiOperation({ summary });

/** PUT answers 201 when it made the noun, 200 when it changed or kept it. */
export function answerPut<Item>(
  response: Response,
  { created, item }: { readonly created: boolean; readonly item: Item },
): Item {
  response.status(created ? HttpStatus.CREATED : HttpStatus.OK);
  return item;
}

/** PUT by name makes what is not there; PUT by id never does. */
export function nameForPut(noun: string, ref: string, present: { readonly name: string } | null): string {
  if (present !== null) return present.name;
  if (isId(ref)) throw notFound(noun);
  return ref;
}

export const alreadyThere = (noun: string, name: string): Problem =>
  new Problem('conflict', `there is a ${noun} ${name} already; change it with PUT`);
