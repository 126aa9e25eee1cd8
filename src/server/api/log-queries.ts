import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { headJson } from '../../json/head.js';
import { projectionsJson } from '../../json/projections.js';
import { verificationJson } from '../../json/verification.js';
import { currentPrincipal, requireStack } from '../access.js';
import { NO_BODY } from '../bodies/limits.js';
import { clientOf } from '../client-address.js';
import { type EventStreams, RETRY_AFTER } from './event-streams.js';
import { liveEvents, positionOf } from './live.js';
import { number, several, text } from './parameters.js';
import { type Route, route } from './route.js';

const get = { method: 'GET', role: 'read', body: NO_BODY } as const;

/** Queries about the database as a whole, and the events as they are appended. */
export const LOG_QUERIES: readonly Route[] = [
  route({
    ...get,
    scope: 'reachable',
    path: '/events/live',
    summary: 'Events as they are appended, as server-sent events',
    answer:
      'A stream that does not end; `id` is the position, with which Last-Event-ID resumes an interrupted stream. An `error` event ends it: the token was revoked or has expired (TOKEN_ENDED), or a backup was restored (LOG_REPLACED)',
    media: 'text/event-stream',
    refusals: {
      429: 'TOO_MANY_STREAMS: this token has as many streams open as it may',
      503: 'SERVER_BUSY: the server has as many streams open as it can',
    },
    query: z.strictObject({
      stack: text().optional().describe('only of this stack, by name or id'),
      type: several().optional().describe('only of this type; several: any of them'),
      after: number()
        .optional()
        .describe('only after this position; by default only new events. Last-Event-ID takes precedence'),
    }),
    handle: async ({ backend, request, reply, query: { stack, type, after }, stopping, streams }) => {
      const gone = openStream(streams, request, reply);
      if (stack !== undefined) await requireStack(request, 'read', backend, stack);
      const wanted = stack === undefined ? undefined : (await backend.getStackManager().getStack(stack)).id;
      const from = positionOf(request.headers['last-event-id']) ?? after ?? (await backend.head()).position;
      const events = liveEvents({
        backend,
        after: from,
        signal: AbortSignal.any([stopping, gone]),
        heartbeatMs: streams.heartbeatMs,
        beat: streams.beat,
        isWanted: ({ stack: of, event }) => {
          const isWanted = (wanted === undefined || of.id === wanted) && (!type || type.includes(event.type));
          return isWanted && currentPrincipal(request).mayReach(of.name);
        },
        checkAccess: () => void currentPrincipal(request),
      });
      void reply.header('x-accel-buffering', 'no');
      return reply.type('text/event-stream').send(Readable.from(events));
    },
  }),
  route({
    ...get,
    scope: 'all',
    path: '/head',
    summary: 'The last position of the log, and its hash',
    answer: 'Position and hash',
    query: z.strictObject({}),
    handle: async ({ backend }) => headJson(await backend.head()),
  }),
  route({
    ...get,
    scope: 'all',
    path: '/projections',
    summary: 'The tables built from the log',
    answer: 'For each projection its checkpoint and its tables',
    query: z.strictObject({}),
    handle: async ({ backend }) => projectionsJson(await backend.getAdmin().projections()),
  }),
  route({
    method: 'POST',
    body: NO_BODY,
    role: 'admin',
    scope: 'all',
    path: '/projections/rebuild',
    summary: 'Rebuilds the tables from the log, while commands continue',
    answer: 'What was rebuilt',
    query: z.strictObject({ name: several().optional().describe('only these projections') }),
    handle: ({ backend, query: { name } }) => backend.getAdmin().rebuild(name ? { names: name } : {}),
  }),
  route({
    ...get,
    role: 'admin',
    scope: 'all',
    path: '/verification',
    summary: 'Verifies the log and the tables',
    answer: 'Whether everything is valid, each check, and the problems',
    query: z.strictObject({}),
    handle: async ({ backend }) => verificationJson(await backend.getAdmin().verify()),
  }),
];

/**
 * Counts a stream until its response ends for any reason.
 * @returns a signal that is aborted then
 */
function openStream(streams: EventStreams, request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  void reply.header('retry-after', RETRY_AFTER);
  const end = streams.open(request.principal.tokenId ?? clientOf(request.ip));
  void reply.removeHeader('retry-after');
  const close = (): void => {
    end();
    gone.abort();
  };
  reply.raw.once('close', close);
  if (reply.raw.closed) close(); // the client has left already
  return gone.signal;
}
