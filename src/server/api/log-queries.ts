import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { headJson } from '../../json/head.js';
import { entryJson } from '../../json/log.js';
import { projectionsJson } from '../../json/projections.js';
import { stackListJson } from '../../json/stack.js';
import { verificationJson } from '../../json/verification.js';
import { byBytes } from '../../lib/order.js';
import { currentPrincipal, requireStack } from '../access.js';
import { NO_BODY } from '../bodies/limits.js';
import { clientOf } from '../client-address.js';
import { type EventStreams, RETRY_AFTER } from './event-streams.js';
import { liveEvents, positionOf } from './live.js';
import { flag, moment, momentOf, number, page, pageOf, several, text } from './parameters.js';
import { type Route, route } from './route.js';

const get = { method: 'GET', role: 'read', body: NO_BODY } as const;

/** What can be asked about the database as a whole; of stacks and events, as far as the principal reaches them. */
export const LOG_QUERIES: readonly Route[] = [
  route({
    ...get,
    scope: 'reachable',
    path: '/stacks',
    summary: 'The stacks, in the order of their names',
    answer: 'Stacks, and in `next` what `after` is for the next page',
    query: z.strictObject({
      tag: several().optional().describe('only those that bear it; several: all of them'),
      status: text().optional().describe('only those of this status'),
      deleted: flag().default(false).describe('the deleted ones instead'),
      ...moment,
      ...page,
    }),
    handle: async ({ backend, request: { principal }, query }) => {
      const { tag, status, deleted, ...when } = query;
      const filter = { ...(tag ? { tags: tag } : {}), ...(status === undefined ? {} : { status }), deleted };
      const all = await backend.getStackManager().listStacks(filter, momentOf(when));
      const reachable = all.filter(({ name }) => principal.mayReach(name));
      reachable.sort((a, b) => byBytes(keyOfStack(a), keyOfStack(b)));
      const { items, next } = pageOf(reachable, query, keyOfStack);
      return { ...stackListJson(items), next };
    },
  }),
  route({
    ...get,
    scope: 'reachable',
    path: '/events',
    summary: 'The log, oldest first',
    answer: 'Events, and in `next` the position after which the next page begins',
    query: z.strictObject({
      stack: text().optional().describe('only of this stack, by name or id'),
      type: several().optional().describe('only of this type; several: any of them'),
      actor: text().optional(),
      since: text().optional().describe('only recorded at or after this instant'),
      until: text().optional().describe('only recorded at or before this instant'),
      limit: page.limit,
      after: number().optional().describe('only after this position'),
    }),
    handle: async ({ backend, request, query: { stack, type, limit, ...filter } }) => {
      if (stack !== undefined) await requireStack(request, 'read', backend, stack);
      const events = [];
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
      const wanted = { ...given, ...(stack === undefined ? {} : { stack }), ...(type ? { types: type } : {}) };
      for await (const entry of backend.getLog(wanted)) {
        if (!request.principal.mayReach(entry.stack.name)) continue;
        if (events.length === limit) return { events, next: events.at(-1)?.position ?? null };
        events.push(entryJson(entry));
      }
      return { events, next: null };
    },
  }),
  route({
    ...get,
    scope: 'reachable',
    path: '/events/live',
    summary: 'Events as they are appended, as server-sent events',
    answer:
      'A stream that does not end; `id` is the position, by which Last-Event-ID goes on where it broke off. An `error` event ends it: the token was revoked or has expired (TOKEN_ENDED), or a backup was restored (LOG_REPLACED)',
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
        .describe('from after this position on; by default from now on. Last-Event-ID goes before it'),
    }),
    handle: async ({ backend, request, reply, query: { stack, type, after }, stopping, streams }) => {
      const gone = openStream(streams, request, reply);
      if (stack !== undefined) await requireStack(request, 'read', backend, stack);
      const wanted = stack === undefined ? undefined : (await backend.getStackManager().getStack(stack)).id;
      const from = positionOf(request.headers['last-event-id']) ?? after ?? (await backend.head()).position;
      const events = liveEvents({
        backend,
        log: streams.log,
        after: from,
        signal: AbortSignal.any([stopping, gone]),
        heartbeatMs: streams.heartbeatMs,
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
    summary: 'Builds the tables anew from the log, while others go on',
    answer: 'What was rebuilt',
    query: z.strictObject({ name: several().optional().describe('only these projections') }),
    handle: ({ backend, query: { name } }) => backend.getAdmin().rebuild(name ? { names: name } : {}),
  }),
  route({
    ...get,
    role: 'admin',
    scope: 'all',
    path: '/verification',
    summary: 'Proves the log and the tables',
    answer: 'Whether all holds, each check, and what does not hold',
    query: z.strictObject({}),
    handle: async ({ backend }) => verificationJson(await backend.getAdmin().verify()),
  }),
];

/**
 * Counts a stream until its answer ends, whatever ends it.
 * @returns is aborted then
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

/** Deleted stacks may share a name; no name holds a tab. */
const keyOfStack = ({ name, id }: { readonly name: string; readonly id: string }): string => `${name}\t${id}`;
