import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Responses are data: browsers must not run, frame or cache them, or send a referrer. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** A year. */
const ONLY_TLS = { 'strict-transport-security': 'max-age=31536000' };

export const securityHeaders = (isTls: boolean): Readonly<Record<string, string>> =>
  isTls ? { ...SECURITY_HEADERS, ...ONLY_TLS } : SECURITY_HEADERS;

/** Sets them on every response, including those that the framework sends before any hook runs. */
export function useSecurityHeaders(app: FastifyInstance, isTls: boolean): void {
  const headers = Object.entries(securityHeaders(isTls));
  app.server.prependListener('request', (_: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of headers) response.setHeader(name, value);
  });
}
