import { applyDecorators, HttpCode, HttpStatus, SerializeOptions } from '@nestjs/common';
import { ApiExtension, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import type { ProblemCode } from './problem.js';

/** A moment: a Date on our side, ISO 8601 on the wire. */
export const moment = z
  .date()
  .transform((date) => date.toISOString())
  .pipe(z.string().meta({ format: 'date-time' }));

/** A list that nobody changes. */
export const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

const meanings: Readonly<Record<number, string>> = {
  [HttpStatus.OK]: 'Done.',
  [HttpStatus.CREATED]: 'Made.',
  [HttpStatus.ACCEPTED]: 'Taken on; it goes on.',
  [HttpStatus.SERVICE_UNAVAILABLE]: 'Not now.',
};

type Handler<View extends z.ZodType> = (...parameters: never[]) => z.input<View> | Promise<z.input<View>>;

/**
 * What a route answers. The one schema is what the compiler checks the handler against, what the reference shows, and
 * what the answer is made of: a field that is not in it does not leave. The first status is the one of a handler that
 * says nothing else.
 */
export const Answers =
  <View extends z.ZodType>(view: View, status: number, ...others: readonly number[]) =>
  <Route extends Handler<View>>(target: object, key: string, descriptor: TypedPropertyDescriptor<Route>): void => {
    const documented = [status, ...others].map((each) =>
      ApiResponse({ status: each, standardSchema: view, description: meanings[each] ?? '' }),
    );
    applyDecorators(HttpCode(status), SerializeOptions({ schema: view }), ...documented)(target, key, descriptor);
  };

export const AnswersNothing = () =>
  applyDecorators(
    HttpCode(HttpStatus.NO_CONTENT),
    ApiResponse({ status: HttpStatus.NO_CONTENT, description: 'Done; there is nothing to say.' }),
  );

/** Operation member that the reference turns into responses. */
export const refusesKey = 'x-refuses';

/** Problems of a route beside those that its form brings along (a body, a path, a caller). */
export const Refuses = (...codes: readonly ProblemCode[]) => ApiExtension(refusesKey, codes);
