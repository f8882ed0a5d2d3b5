import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { mintId } from '@sallyport/runtime';
import { Problem } from './problem.js';

/** What never became a request is a problem, too; Node alone would answer without a body. */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (cause: Error & { readonly code?: string }, socket: Socket) => {
    if (cause.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const problem = problemOf(cause.code);
    const body = JSON.stringify(problem.toJSON(`urn:sallyport:request:${mintId('req')}`));
    socket.end(
      [
        `HTTP/1.1 ${problem.status} ${problem.title}`,
        'content-type: application/problem+json',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  });
}

function problemOf(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('head_too_large', 'the head of the request is longer than 16 KiB');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 'the request did not come in time');
    default:
      return new Problem('invalid_request', 'this is not a valid HTTP/1.1 request');
  }
}
