import { STATUS_CODES } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from './problem.js';

/** Nothing of ours is nested deeper; what is would exhaust the stack of whoever walks it. */
const deepest = 64;

/** OAuth is spoken in forms, and so is signing in. */
const takesForm = (path: string): boolean => /^\/(?:oauth|auth)\//.test(path);
export const formType = 'application/x-www-form-urlencoded';

/** A body of another kind would be passed over; better to say so. */
export function knownTypesOnly(request: Request, _response: Response, next: NextFunction): void {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const wanted = takesForm(request.path) ? formType : 'application/json';
  if (hasBody && !isOf(wanted, headers['content-type'] ?? ''))
    next(new Problem('unsupported_media_type', `send ${wanted} in UTF-8 (${STATUS_CODES[415] ?? ''})`));
  else next();
}

function isOf(wanted: string, contentType: string): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith('charset='));
  return type.trim() === wanted && (charset === undefined || /^charset="?utf-8"?$/.test(charset));
}

/** After the parser, which does not mind. */
export function shallowOnly(request: Request, _response: Response, next: NextFunction): void {
  if (isTooDeep(request.body)) next(new Problem('invalid_request', `the body is nested deeper than ${deepest} levels`));
  else next();
}

function isTooDeep(body: unknown): boolean {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}
