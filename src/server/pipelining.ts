import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Carries out the requests of one connection one after the other, even if a client sends the next one before it has a
 * response. After a response that closes the connection nothing more is carried out (RFC 9112 §9.6): nobody would receive
 * the response.
 */
export function usePipelining(app: FastifyInstance): void {
  const latest = new WeakMap<Socket, ServerResponse>();
  app.addHook('onRequest', async (request, reply) => {
    const { socket } = request.raw;
    const before = latest.get(socket);
    latest.set(socket, reply.raw);
    if (!before) return undefined;
    if (!before.writableFinished && !before.destroyed) await once(before, 'close');
    if (!socket.destroyed && before.getHeader('connection') !== 'close') return undefined;
    reply.hijack();
    reply.raw.destroy();
    return reply;
  });
}
