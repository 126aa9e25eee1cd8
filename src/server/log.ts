import { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Receives JSON lines. */
  readonly write: (line: string) => void;
}

/** Structured lines without secrets: no header, body or query of a request, which may contain a lock's id. */
export const logging = ({ level, write }: LogOptions): Pick<FastifyServerOptions, 'logger' | 'logController'> => ({
  logController: new LogController({ disableRequestLogging: true }), // one line of our own instead of two
  logger: {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { req: ({ method, ip }) => ({ method, remoteAddress: ip }) },
    stream: { write },
  },
});

/** One line for each response: client, request and status. */
export function useRequestLog(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: request.url.split('?', 1)[0],
        status: reply.statusCode,
        actor: request.principal?.name ?? null,
        remoteAddress: request.ip,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      },
      'answered',
    );
  });
}
