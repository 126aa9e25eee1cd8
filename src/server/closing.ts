import type { FastifyInstance } from 'fastify';

/** What is answered while the server closes ends its connection: else closing would wait for clients that keep theirs. */
export function useClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}
