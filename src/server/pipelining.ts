import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Carries out the requests of one connection one after the other, also where a client sends the next one before it has an
 * answer. After an answer that closes the connection nothing more is carried out (RFC 9112 §9.6): nobody would be answered.
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
