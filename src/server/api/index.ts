import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { StateBackend } from '../../api/state-backend.js';
import { parseInput } from '../../lib/parse-input.js';
import { currentPrincipal, requireEverywhere, requireRole, requireStack } from '../access.js';
import { admitBody, type BodyOptions, takeBytes } from '../bodies/index.js';
import { maxBytesOf } from '../bodies/limits.js';
import type { Reads } from '../reads/index.js';
import { COMMAND_ROUTES } from './commands.js';
import { routeOf } from './define-query.js';
import { EventStreams, type StreamLimits } from './event-streams.js';
import { LOG_QUERIES } from './log-queries.js';
import { openApi } from './openapi.js';
import { QUERIES } from './queries.js';
import type { Route } from './route.js';

export const ROUTES: readonly Route[] = [...QUERIES.map(routeOf), ...LOG_QUERIES, ...COMMAND_ROUTES];

export interface ApiOptions {
  readonly backend: StateBackend;
  readonly prefix: string;
  readonly bodies: BodyOptions;
  readonly reads: Reads;
  readonly streams: StreamLimits;
  /** Whether locks may be broken through this server at all. */
  readonly forceUnlock: boolean;
}

/** All commands and queries of the engine, as JSON over HTTP, with their description under `openapi.json`. */
export async function api(app: FastifyInstance, options: ApiOptions): Promise<void> {
  const { backend, prefix, bodies, reads, forceUnlock } = options;
  const streams = new EventStreams(options.streams);
  takeBytes(app, ['application/json', 'application/yaml']);
  const stopping = new AbortController();
  app.addHook('preClose', async () => stopping.abort()); // a stream of events would prevent the server from closing

  for (const route of ROUTES) {
    app.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ':$1'),
      // Runs before any of the body is read.
      onRequest: async (request, reply) => {
        await authorize(route, request, backend, pathOf(request).stack);
        admitBody(
          request,
          reply,
          maxBytesOf(route.body, request.headers['content-type'], bodies.maxBytes),
          bodies.budget,
        );
      },
      handler: async (request, reply) => {
        const query = parseInput(route.query, request.query, 'query');
        const path = pathOf(request);
        const signal = stopping.signal;
        const call = { backend, request, reply, path, query, bodies, reads, stopping: signal, streams, forceUnlock };
        const answer = await route.handle(call);
        // The query may have taken long, so the token is checked again. A command is answered in any case, because it was
        // executed.
        if (route.method === 'GET' && answer !== reply) currentPrincipal(request);
        return answer;
      },
    });
  }
  const document = openApi(ROUTES, prefix, bodies.maxBytes);
  app.get('/openapi.json', { config: { public: true } }, async () => document);
}

const pathOf = ({ params }: FastifyRequest) => params as Readonly<Record<string, string>>;

async function authorize({ role, scope }: Route, request: FastifyRequest, backend: StateBackend, stack = '') {
  if (scope === 'all') requireEverywhere(request, role);
  else if (scope === 'stack') await requireStack(request, role, backend, stack);
  else requireRole(request, role);
}
