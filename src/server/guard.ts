import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InvalidInputError } from '../lib/errors.js';
import { ForbiddenError } from './access.js';

/** Headers with a single value; of two, an intermediary could use the other one. */
const SINGLE = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-type',
  'host',
  'idempotency-key',
  'if-match',
  'last-event-id',
  'origin',
  'transfer-encoding',
]);

/** `uri-host[:port]`, without any separator of two hosts. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[^\s,;/\\?#@:[\]]+)(?::\d*)?$/i;

/** The name of a host without its port: `[::1]:7480` is `[::1]`. */
const hostName = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');

/**
 * Refuses requests that no proper client sends: a single-value header twice, a host name that is not this server's (DNS
 * rebinding), an `Origin` of another page, and a compressed body.
 * @param hosts names, lower case, without a port
 */
export function useGuard(app: FastifyInstance, hosts: ReadonlySet<string>): void {
  app.addHook('onRequest', async (request) => {
    checkRepeated(request);
    checkHost(request, hosts);
    checkOrigin(request);
    checkEncoding(request);
  });
}

/** Node joins some repeated headers and drops others. */
function checkRepeated({ raw: { rawHeaders } }: FastifyRequest): void {
  const seen = new Set<string>();
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = (rawHeaders[n] as string).toLowerCase();
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) {
      throw new InvalidInputError('REPEATED_HEADER', `the header ${rawHeaders[n]} is given twice`, {
        hint: 'Send it once.',
        details: { field: rawHeaders[n] },
      });
    }
    seen.add(name);
  }
}

/** The target of a request may also name a host; it must be the same one. */
function checkHost({ headers: { host }, raw: { url = '' } }: FastifyRequest, hosts: ReadonlySet<string>): void {
  const [, target] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url) ?? [];
  if (host === undefined || !HOST.test(host) || (target !== undefined && target.toLowerCase() !== host.toLowerCase())) {
    throw new InvalidInputError('INVALID_HOST', 'the request does not name one host', {
      hint: 'Send the header Host once, as NAME or NAME:PORT, and no other host in the request target.',
      details: { field: 'Host' },
    });
  }
  if (hosts.has(hostName(host))) return;
  throw new InvalidInputError('FOREIGN_HOST', `this server is not known as "${host}"`, {
    hint: 'The operator can add the name with --allow-host.',
    details: { field: 'Host' },
  });
}

/** Pages of other sites may send requests here, but always with their `Origin`. */
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
