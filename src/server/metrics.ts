import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StateBackend } from '../backend/state-backend.js';
import { requireEverywhere } from './access.js';

/** `/metrics` in Prometheus' text format: requests, the log, and the process. */
export function useMetrics(app: FastifyInstance, backend: StateBackend): void {
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
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const route = routeOptions.url ?? 'none';
    requests.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
  });
  app.get('/metrics', async (request, reply) => {
    requireEverywhere(request, 'read');
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
