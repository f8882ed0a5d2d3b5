import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { expect, test } from '@jest/globals';
import { kindsOf } from './surplus.interceptor.js';

const { QUERY, BODY, PARAM } = RouteParamtypes;

test.each([
  ['nothing', [], []],
  ['a query and a body', [`${QUERY}:0`, `${BODY}:1`], [QUERY, BODY]],
  ['a name in the path', [`${PARAM}:0`], [PARAM]],
  ['a decorator of our own whose random name begins as a query', [`${QUERY}a8f0c__customRouteArgs__:1`], []],
  ['a decorator of our own whose random name is all digits', [`${BODY}__customRouteArgs__:0`], []],
])('a handler that reads %s', (_, parameters, kinds) => {
  expect([...kindsOf(parameters)]).toEqual(kinds);
});
