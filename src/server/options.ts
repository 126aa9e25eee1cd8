import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import proxyAddr from '@fastify/proxy-addr';
import { InvalidInputError } from '../lib/errors.js';
import { defaultAnswers } from './answers.js';
import type { StreamLimits } from './api/event-streams.js';
import type { TokenStore } from './auth/index.js';
import { defaultCacheChars, defaultInFlight } from './bodies/budget.js';
import { MAX_BODY_BYTES } from './bodies/limits.js';
import type { ConnectionLimits } from './connections.js';
import { descriptorLimit } from './descriptors.js';
import type { LogOptions } from './log.js';

export interface ServeOptions {
  /** `HOST:PORT`; port 0 takes a free one. Default: `127.0.0.1:7480`. */
  readonly listen?: string;
  /** The tokens. Without it, or while it is empty, everybody who can reach a loopback address may use the server. */
  readonly tokens?: TokenStore;
  /** Certificate and key, PEM. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Names of this server for clients, besides the loopback ones and the address it listens on. */
  readonly allowHosts?: readonly string[];
  /** Addresses of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustProxy?: readonly string[];
  /** The largest state or import in bytes, as far as the bodies in flight allow it. Default: 256 MiB. */
  readonly maxBodyBytes?: number;
  /** Bytes of all bodies that are received or processed. Default: what the heap of the process can hold. */
  readonly maxInFlightBytes?: number;
  /**
   * Bytes of all responses that are being sent, at most half of them for one client. Default: an eighth of the heap, at
   * least 64 MiB.
   */
  readonly maxAnswerBytes?: number;
  /** How long a client may take to send its headers, and the whole request, milliseconds. Default: 10 s and 5 minutes. */
  readonly headersMs?: number;
  readonly requestMs?: number;
  /**
   * The maximum of open connections. Default: the process's limit of open files minus a reserve for the database, and at
   * most 4,096.
   */
  readonly maxConnections?: number;
  /** The same for one client address (IPv6: one /64 network), except a trusted proxy. Default: half of all. */
  readonly maxConnectionsPerAddress?: number;
  /** The maximum of live streams of one token, or of one address without a token. Default: 16. */
  readonly maxStreams?: number;
  /** How long a connection stays open without an authenticated request, milliseconds. Default: 5 s. */
  readonly unauthenticatedMs?: number;
  /** How long a client may read nothing of a response, milliseconds. Default: 1 minute. */
  readonly stalledMs?: number;
  /** The interval of heartbeats on an idle live stream, milliseconds. Default: 15 s. */
  readonly heartbeatMs?: number;
  /** The duration of Terraform's locks, milliseconds. Default: 1 day. */
  readonly lockMs?: number;
  /** Whether principals that may break locks can do so through this server. Default: true. */
  readonly forceUnlock?: boolean;
  /** Patterns of names of stacks that accept a lower serial or another lineage. */
  readonly overwrite?: readonly string[];
  readonly log?: LogOptions;
  /** Added to the log message that the server listens. */
  readonly remark?: string;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** {@link ServeOptions} with all defaults, and checked. */
export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tokens: TokenStore | undefined;
  /** Whether it can be reached from this machine alone, so that tokens are optional. */
  readonly isOpen: boolean;
  readonly tls: ServeOptions['tls'];
  /** Lower case, without a port. */
  readonly hosts: ReadonlySet<string>;
  readonly connections: ConnectionLimits;
  readonly streams: StreamLimits;
  readonly limits: {
    readonly bodyBytes: number;
    readonly inFlightBytes: number;
    readonly answerBytes: number;
    readonly headersMs: number;
    readonly requestMs: number;
  };
  readonly terraform: {
    readonly lockMs: number | undefined;
    readonly forceUnlock: boolean;
    readonly overwrite: readonly string[];
    readonly cacheChars: number;
  };
  readonly log: LogOptions;
}

/** @throws InvalidInputError for an invalid address; `TOKENS_REQUIRED` for one that others reach, without tokens */
export function resolveOptions(options: ServeOptions): ServerOptions {
  const { host, port } = parseListen(options.listen ?? '127.0.0.1:7480');
  const isOpen = isLoopback(host);
  if (!isOpen && !options.tokens?.hasAny()) {
    throw new InvalidInputError('TOKENS_REQUIRED', `listen: others reach ${host}, and there is no token yet`, {
      hint: 'Make one first: sloth-runner token create --role write',
      details: { field: 'listen', host },
    });
  }
  if (options.tls) checkTls(options.tls);
  return {
    host,
    port,
    tokens: options.tokens,
    isOpen,
    tls: options.tls,
    hosts: new Set(
      [...LOOPBACK_NAMES, host, `[${host}]`, ...(options.allowHosts ?? [])].map((name) => name.toLowerCase()),
    ),
    ...connectionOptions(options),
    limits: {
      bodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
      inFlightBytes: options.maxInFlightBytes ?? defaultInFlight(),
      answerBytes: options.maxAnswerBytes ?? defaultAnswers(),
      headersMs: options.headersMs ?? 10_000,
      requestMs: options.requestMs ?? 300_000,
    },
    terraform: {
      lockMs: options.lockMs,
      forceUnlock: options.forceUnlock ?? true,
      overwrite: options.overwrite ?? [],
      cacheChars: defaultCacheChars(),
    },
    log: options.log ?? { level: 'silent', write: () => {} },
  };
}

function checkTls(tls: NonNullable<ServeOptions['tls']>): void {
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw new InvalidInputError('INVALID_TLS', 'tls: the certificate and its key cannot be used', {
      hint: 'Give a certificate and the key that belongs to it, both in PEM, the key without a passphrase.',
      details: { field: 'tls-cert' },
      cause,
    });
  }
}

/** Descriptors that connections leave for the database, the tokens, the log and copies. */
const RESERVED_DESCRIPTORS = 64;
const FEWEST_CONNECTIONS = 16;
const MOST_CONNECTIONS = 4_096;

function connectionOptions(options: ServeOptions): Pick<ServerOptions, 'connections' | 'streams'> {
  const limit = descriptorLimit();
  const possible = limit === undefined ? Number.POSITIVE_INFINITY : limit - RESERVED_DESCRIPTORS;
  const total = options.maxConnections ?? Math.max(FEWEST_CONNECTIONS, Math.min(possible, MOST_CONNECTIONS));
  if (options.maxConnections !== undefined && total > possible) {
    throw new InvalidInputError(
      'TOO_FEW_DESCRIPTORS',
      `max-connections: ${total} is more than the ${possible} that the limit of ${limit} open files allows`,
      {
        hint: `Raise the limit before the start, with ulimit -n ${total + RESERVED_DESCRIPTORS}, or choose fewer connections.`,
        details: { field: 'max-connections', value: total, possible },
      },
    );
  }
  return {
    connections: {
      total,
      perClient: options.maxConnectionsPerAddress ?? Math.ceil(total / 2),
      unauthenticatedMs: options.unauthenticatedMs ?? 5_000,
      stalledMs: options.stalledMs ?? 60_000,
      isProxy: proxyTest(options.trustProxy ?? []),
    },
    // A stream uses its connection for long: most connections stay for others.
    streams: {
      total: Math.ceil(total / 4),
      perToken: options.maxStreams ?? 16,
      heartbeatMs: options.heartbeatMs ?? 15_000,
    },
  };
}

function proxyTest(addresses: readonly string[]): (address: string) => boolean {
  try {
    const test = proxyAddr.compile([...addresses]);
    return (address) => test(address, 0);
  } catch {
    throw new InvalidInputError('INVALID_ADDRESS', `trust-proxy: invalid address in "${addresses.join(', ')}"`, {
      hint: 'Write each as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32.',
      details: { field: 'trust-proxy', value: addresses },
    });
  }
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, name, bracketed, digits] = /^(?:([^:[\]]+)|\[([^[\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = name ?? bracketed;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535 && (bracketed === undefined || isIP(bracketed) === 6)) return { host, port };
  throw new InvalidInputError('INVALID_LISTEN', `listen: "${text}" is not a HOST:PORT`, {
    hint: 'Write it as 127.0.0.1:7480, localhost:7480 or [::1]:7480.',
    details: { field: 'listen', value: text },
  });
}

/** Requires an address, not a name that a resolver answers for, except `localhost`. */
const isLoopback = (host: string): boolean =>
  host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
