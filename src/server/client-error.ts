import type { Socket } from 'node:net';
import { InvalidInputError } from '../lib/errors.js';
import { stringifyJson } from '../lib/json.js';
import { type Problem, problemOf } from './problem.js';
import { securityHeaders } from './security-headers.js';

const badRequest = new InvalidInputError('BAD_REQUEST', 'the request is not valid HTTP', {
  hint: 'Send one Content-Length or Transfer-Encoding, one Host, and headers as RFC 9112 describes them.',
});
const tooSlow = new InvalidInputError('REQUEST_TIMEOUT', 'the request did not arrive in time', {
  hint: 'Send it again without pausing.',
});
const tooLarge = new InvalidInputError('HEADERS_TOO_LARGE', 'the headers are larger than 16 KiB', {
  hint: 'Send fewer or shorter headers.',
});

const PROBLEMS: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: problemOf(tooSlow),
  HPE_HEADER_OVERFLOW: problemOf(tooLarge),
};

/** Answers requests that are refused before they are parsed, and closes the connection. */
export const answerClientError =
  (isTls: boolean) =>
  ({ code = '' }: NodeJS.ErrnoException, socket: Socket): void => {
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const problem = PROBLEMS[code] ?? problemOf(badRequest);
    const body = stringifyJson({ ...problem });
    const headers = {
      ...securityHeaders(isTls),
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`, () =>
      socket.destroy(),
    );
  };
