import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StateBackend } from '../api/state-backend.js';
import { currentPrincipal, requireEverywhere } from './access.js';
import type { Connections } from './connections.js';

/** `/metrics` in Prometheus' text format: requests, the log, and the process. */
export function useMetrics(app: FastifyInstance, backend: StateBackend, connections: Connections): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'sloth_http_request_duration_seconds',
    help: 'How long requests took, by method, route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [registry],
  });
  new Gauge({
    name: 'sloth_log_position',
    help: 'Events in the log.',
    registers: [registry],
    async collect() {
      this.set((await backend.head()).position);
    },
  });
  new Gauge({
    name: 'sloth_connections',
    help: 'Open connections.',
    registers: [registry],
    collect() {
      this.set(connections.size);
    },
  });
  new Counter({
    name: 'sloth_connections_closed_total',
    help: 'Connections closed because of a limit, without an authenticated request, or with an answer that was not read.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(connections.closed);
    },
  });
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const route = routeOptions.url ?? 'none';
    requests.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
  });
  app.get('/metrics', async (request, reply) => {
    requireEverywhere(request, 'read');
    const text = await registry.metrics();
    currentPrincipal(request);
    return reply.type(registry.contentType).send(text);
  });
}
