import type { Request } from 'express';

/** Where a request comes from, bounded, as it is kept with a login. */
export const placeOf = (request: Request): { readonly address: string; readonly userAgent: string } => ({
  address: request.socket.remoteAddress ?? '',
  userAgent: (request.headers['user-agent'] ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, 200),
});
