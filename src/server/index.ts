import { type AddressInfo, createServer } from 'node:net';
import type { StateBackend } from '../api/state-backend.js';
import { StoreError } from '../lib/errors.js';
import { buildApp } from './app.js';
import { resolveOptions, type ServeOptions, type ServerOptions } from './options.js';

export { type TokenFields, type TokenRecord, TokenStore } from './auth/index.js';
export type { LogOptions } from './log.js';
export type { ServeOptions } from './options.js';

/** A server that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:7480` */
  readonly url: string;
  /** Accepts no more requests, and resolves when the current ones are answered. The backend stays open. */
  close(): Promise<void>;
}

/** Warnings about who can reach or overhear the server. */
function exposures({ host, isOpen, tls, tokens }: ServerOptions, { trustProxy = [] }: ServeOptions): readonly string[] {
  if (isOpen && !tokens?.hasAny()) {
    return [
      'There is no token: everybody on this machine may do everything. Create one with: sloth-runner token create NAME --role admin',
    ];
  }
  if (isOpen || tls || trustProxy.length > 0) return [];
  return [
    `The server listens on ${host} without TLS: tokens and states travel unencrypted. Give --tls-cert and --tls-key, or name with --trust-proxy a proxy that has them.`,
  ];
}

/**
 * Checks the options of a server, and whether it can listen there, without a database and without serving anything.
 * @throws as {@link startServer}
 */
export async function checkServer(options: ServeOptions): Promise<void> {
  const { host, port } = resolveOptions(options);
  const probe = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen({ host, port }, resolve));
  } catch (cause) {
    throw cannotListen(host, port, cause);
  }
  await new Promise((resolve) => probe.close(resolve));
}

const cannotListen = (host: string, port: number, cause: unknown): StoreError =>
  new StoreError('CANNOT_LISTEN', `cannot listen on ${host}:${port}: ${(cause as Error).message}`, {
    hint: 'Choose another address with --listen; port 0 takes a free one.',
    details: { field: 'listen' },
    cause,
  });

/**
 * Serves a database over HTTP: Terraform's `backend "http"` under `/tfstate`, a JSON API under `/api/v1`.
 * @throws InvalidInputError for invalid options; StoreError `CANNOT_LISTEN`
 */
export async function startServer(backend: StateBackend, options: ServeOptions = {}): Promise<RunningServer> {
  const resolved = resolveOptions(options);
  const app = await buildApp(backend, resolved);
  const { host, port } = resolved;
  try {
    const remark = options.remark === undefined ? '' : `; ${options.remark}`;
    await app.listen({ host, port, listenTextResolver: (address) => `Server listening at ${address}${remark}` });
  } catch (cause) {
    await app.close();
    throw cannotListen(host, port, cause);
  }
  for (const warning of exposures(resolved, options)) app.log.warn(warning);
  const { port: taken } = app.server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `${resolved.tls ? 'https' : 'http'}://${name}:${taken}`, close: () => app.close() };
}
