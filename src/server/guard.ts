import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InvalidInputError } from '../kernel/errors.js';
import { ForbiddenError } from './access.js';

/** The name of a host without its port: `[::1]:7480` is `[::1]`. */
const hostName = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');

/**
 * Refuses what no client of ours sends: a request under a name that is not this server's (DNS rebinding), one that a
 * browser sends for another page, and a compressed body.
 * @param hosts names, lower case, without a port
 */
export function useGuard(app: FastifyInstance, hosts: ReadonlySet<string>): void {
  app.addHook('onRequest', async (request) => {
    checkHost(request, hosts);
    checkOrigin(request);
    checkEncoding(request);
  });
}

function checkHost({ headers: { host = '' } }: FastifyRequest, hosts: ReadonlySet<string>): void {
  if (hosts.has(hostName(host))) return;
  throw new InvalidInputError('FOREIGN_HOST', `this server is not known as "${host}"`, {
    hint: 'The operator can add the name with --allow-host.',
    details: { field: 'Host' },
  });
}

/** A page of another site may send requests here, but not without saying so. */
function checkOrigin({ headers: { origin, host } }: FastifyRequest): void {
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
  throw new ForbiddenError('FOREIGN_ORIGIN', 'pages of other sites may not use this server', {
    details: { field: 'Origin' },
  });
}

function checkEncoding({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new InvalidInputError('UNSUPPORTED_ENCODING', `a body in "${encoding}" is not taken`, {
    hint: 'Send it without compression.',
    details: { field: 'Content-Encoding' },
  });
}
