import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';

/** A handler's line in the authorization table, e.g. `GET /v1/issuers/:ref`; `undefined` for what is no route. */
export function routeOf(controller: object, handler: object): string | undefined {
  const method: unknown = Reflect.getMetadata(METHOD_METADATA, handler);
  if (typeof method !== 'number') return undefined;
  const parts = [Reflect.getMetadata(PATH_METADATA, controller), Reflect.getMetadata(PATH_METADATA, handler)];
  const path = parts
    .map((part: unknown) => (typeof part === 'string' ? part.replace(/^\/+|\/+$/g, '') : ''))
    .filter((part) => part !== '')
    .join('/');
  return `${RequestMethod[method] ?? '?'} /${path}`;
}
