import { promises as dns, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type AllowedHosts, allowing, hostOf, portOf } from './hosts.js';

/** The addresses of a name. */
export type Lookup = (name: string) => Promise<readonly LookupAddress[]>;

export const systemLookup: Lookup = (name) => dns.lookup(name, { all: true });

export interface Ask {
  readonly method: 'GET' | 'HEAD';
  readonly follow: boolean;
  readonly hosts: AllowedHosts;
  readonly lookup: Lookup;
  readonly signal: AbortSignal;
}

const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 5;

/**
 * The response, after redirects if they are followed; its body is not read yet. Each host is checked before its name is
 * resolved, and each address before a connection. Only the URL itself is sent: no cookie, no password, no header of another
 * request.
 * @throws Error with the reason for a missing response
 */
export async function ask(first: URL, options: Ask): Promise<IncomingMessage> {
  for (let url = first, redirects = 0; ; redirects++) {
    const response = await send(url, options);
    const { location } = response.headers;
    const isRedirect = location !== undefined && REDIRECTS.includes(response.statusCode ?? 0);
    if (!isRedirect || !options.follow) return response;
    response.destroy();
    if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
    url = redirected(location, url);
  }
}

function redirected(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new Error('it redirects to an invalid URL');
  const url = new URL(location, from);
  checkUrl(url, 'the URL it redirects to');
  return url;
}

/**
 * Refuses URLs that are never requested, whatever is allowed.
 * @param what names the URL, which may contain a password, in errors
 */
export function checkUrl({ protocol, username, password }: URL, what: string): void {
  if (!/^https?:$/.test(protocol)) throw new Error(`${what} must begin with http: or https:`);
  if (username !== '' || password !== '') throw new Error(`${what} must not contain a user or a password`);
}

const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'sloth-runner' };

function send(url: URL, { method, hosts, lookup, signal }: Ask): Promise<IncomingMessage> {
  const host = hostOf(url);
  if (!hosts.mayAsk(url)) {
    throw new Error(
      `"${url.hostname}:${portOf(url)}" is not among the hosts that may be probed: ${allowing(host, url)}`,
    );
  }
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
      host,
      port: portOf(url),
      path: url.pathname + url.search,
      method,
      headers: HEADERS,
      agent: false,
      lookup: checked(url, hosts, lookup),
      signal,
    });
    request.on('response', resolve).on('error', reject).end();
  });
}

/** Resolves a name for a connection to its allowed addresses. Addresses themselves are never resolved. */
const checked =
  (url: URL, hosts: AllowedHosts, lookup: Lookup): LookupFunction =>
  (name, { all }, done) => {
    const find = async (): Promise<LookupAddress[]> => {
      const found = await lookup(name);
      const allowed = found.filter(({ address }) => hosts.mayConnect(url, address));
      const [first] = found;
      if (!first) throw new Error(`"${name}" has no address`);
      if (allowed.length > 0) return allowed;
      const { address } = first;
      throw new Error(`"${name}" leads to ${address}, which is not a public address: ${allowing(address, url)}`);
    };
    find().then(
      (addresses) => (all ? done(null, addresses) : done(null, addresses[0]?.address ?? '', addresses[0]?.family)),
      (error) => done(error, []),
    );
  };
