import type { FastifyInstance } from 'fastify';
import type { StateBackend } from '../api/state-backend.js';

/**
 * `/healthz`: the process responds. `/readyz`: the database does, too, and accepts changes. Neither needs a token, or
 * reports anything about the database.
 */
export function useHealth(app: FastifyInstance, backend: StateBackend): void {
  const config = { public: true };
  app.get('/healthz', { config }, async () => ({ status: 'ok' }));
  app.get('/readyz', { config }, async () => {
    if (backend.writesStopped) throw backend.writesStopped;
    await backend.head();
    return { status: 'ok' };
  });
}

/** Verifies the log once after a failed write, without blocking requests, and writes the result to the server's log. */
export function useVerification(app: FastifyInstance, backend: StateBackend): void {
  let begun = false;
  app.addHook('onResponse', async () => {
    const reason = backend.writesStopped;
    if (!reason || begun) return;
    begun = true;
    app.log.error(
      { code: reason.code, reason: reason.message },
      'this server takes no more changes; verifying the log',
    );
    void verify();
  });

  async function verify(): Promise<void> {
    try {
      const { holds, head, problems } = await backend.getAdmin().verify({ chainOnly: true });
      const result = {
        holds,
        position: head.position,
        hash: head.hash,
        problems: problems.map(({ message }) => message),
      };
      if (holds) app.log.info(result, 'the log is valid; check the disk and start the server again');
      else app.log.error(result, 'the log is damaged: restore a backup');
    } catch (error) {
      app.log.error({ err: error }, 'the log could not be verified');
    }
  }
}
