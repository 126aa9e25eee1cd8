import type { FastifyInstance } from 'fastify';

/**
 * Responses during shutdown close their connection: otherwise shutdown would wait for clients that keep theirs open. So does
 * the response to a request for another protocol: Node reads nothing of what was sent together with it.
 */
export function useClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async ({ headers }, reply) => {
    if (closing || headers.upgrade !== undefined) reply.header('connection', 'close');
  });
}
