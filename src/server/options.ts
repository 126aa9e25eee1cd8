import { isIP } from 'node:net';
import { InvalidInputError } from '../kernel/errors.js';
import type { TokenStore } from './auth/index.js';
import type { LogOptions } from './log.js';

export interface ServeOptions {
  /** `HOST:PORT`; port 0 takes a free one. Default: `127.0.0.1:7480`. */
  readonly listen?: string;
  /** Who may come. Without tokens, or while it holds none, everybody may who can reach a loopback address. */
  readonly tokens?: TokenStore;
  /** Certificate and key, PEM. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Names by which clients call this server, beside the loopback ones and the address it listens on. */
  readonly allowHosts?: readonly string[];
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy?: readonly string[];
  /** Largest body in bytes. Default: 256 MiB. */
  readonly maxBodyBytes?: number;
  /** How long a client may take to send its headers, and the whole request, milliseconds. Default: 10 s and 5 minutes. */
  readonly headersMs?: number;
  readonly requestMs?: number;
  /** How long a lock holds that Terraform takes, milliseconds. Default: 1 day. */
  readonly lockMs?: number;
  /** Whether `terraform force-unlock` may break a lock. Default: true. */
  readonly forceUnlock?: boolean;
  /** Patterns of names of stacks that may be given a lower serial or another lineage. */
  readonly overwrite?: readonly string[];
  readonly log?: LogOptions;
  /** Said in the log where it says that the server listens. */
  readonly remark?: string;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const MEBIBYTE = 1_048_576;

/** {@link ServeOptions} with everything filled in, and checked. */
export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tokens: TokenStore | undefined;
  /** Whether it can be reached from this machine alone, so that it may do without tokens. */
  readonly isOpen: boolean;
  readonly tls: ServeOptions['tls'];
  /** Lower case, without a port. */
  readonly hosts: ReadonlySet<string>;
  readonly trustProxy: readonly string[];
  readonly limits: { readonly bodyBytes: number; readonly headersMs: number; readonly requestMs: number };
  readonly terraform: {
    readonly lockMs: number | undefined;
    readonly forceUnlock: boolean;
    readonly overwrite: readonly string[];
  };
  readonly log: LogOptions;
}

/** @throws InvalidInputError for an address that is none; `TOKENS_REQUIRED` for one that others reach, without tokens */
export function resolveOptions(options: ServeOptions): ServerOptions {
  const { host, port } = parseListen(options.listen ?? '127.0.0.1:7480');
  const isOpen = isLoopback(host);
  if (!isOpen && !options.tokens?.hasAny()) {
    throw new InvalidInputError('TOKENS_REQUIRED', `listen: others reach ${host}, and there is no token yet`, {
      hint: 'Make one first: sloth-runner token create --role write',
      details: { field: 'listen', host },
    });
  }
  return {
    host,
    port,
    tokens: options.tokens,
    isOpen,
    tls: options.tls,
    hosts: new Set(
      [...LOOPBACK_NAMES, host, `[${host}]`, ...(options.allowHosts ?? [])].map((name) => name.toLowerCase()),
    ),
    trustProxy: options.trustProxy ?? [],
    limits: {
      bodyBytes: options.maxBodyBytes ?? 256 * MEBIBYTE,
      headersMs: options.headersMs ?? 10_000,
      requestMs: options.requestMs ?? 300_000,
    },
    terraform: {
      lockMs: options.lockMs,
      forceUnlock: options.forceUnlock ?? true,
      overwrite: options.overwrite ?? [],
    },
    log: options.log ?? { level: 'silent', write: () => {} },
  };
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, name, bracketed, digits] = /^(?:([^:[\]]+)|\[([^[\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = name ?? bracketed;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535 && (bracketed === undefined || isIP(bracketed) === 6)) return { host, port };
  throw new InvalidInputError('INVALID_LISTEN', `listen: "${text}" is no HOST:PORT`, {
    hint: 'Write it as 127.0.0.1:7480, localhost:7480 or [::1]:7480.',
    details: { field: 'listen', value: text },
  });
}

/** An address, not a name that somebody's resolver answers for, but for `localhost`. */
const isLoopback = (host: string): boolean =>
  host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
