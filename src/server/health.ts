import type { FastifyInstance } from 'fastify';
import type { StateBackend } from '../backend/state-backend.js';

/** `/healthz`: the process answers. `/readyz`: the database does, too. Neither needs a token, or tells of anything. */
export function useHealth(app: FastifyInstance, backend: StateBackend): void {
  const config = { public: true };
  app.get('/healthz', { config }, async () => ({ status: 'ok' }));
  app.get('/readyz', { config }, async () => {
    await backend.head();
    return { status: 'ok' };
  });
}
