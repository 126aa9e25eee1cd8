import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { clientOf } from './client-address.js';

export interface ConnectionLimits {
  /** The maximum of open connections, in total and for one client. */
  readonly total: number;
  readonly perClient: number;
  /** How long a connection stays open without an authenticated request, milliseconds. */
  readonly unauthenticatedMs: number;
  /** How long a client may read nothing of a response, milliseconds. */
  readonly stalledMs: number;
  /** Whether an address is that of a trusted proxy, which is not a single client. */
  isProxy(address: string): boolean;
}

interface Connection {
  readonly key: string;
  readonly socket: Socket;
  /** Undefined for a proxy. */
  readonly client: string | undefined;
  /** When it was accepted, or its last request was answered. */
  since: number;
  isAuthenticated: boolean;
  /** Requests without a response yet. */
  requests: number;
  deadline?: NodeJS.Timeout;
}

/**
 * The open connections of a server, limited so that idle clients leave descriptors for active ones.
 * - Without an authenticated request a connection is closed after some seconds, whatever it sends.
 * - At the limit, one is closed for a new one: first the oldest unauthenticated one, then the one that has been idle the
 *   longest, then new ones and recently used ones. If all of them have requests in progress, the new one is closed.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** Sorted by the time they last became unauthenticated or idle: the first is the oldest. */
  readonly #open = new Map<string, Connection>();
  readonly #clients = new Map<string, number>();
  /** Connections closed because of a limit, missing authentication, or a response that was not read. */
  closed = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  accept(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) return void socket.destroy(); // the client has disconnected already
    const client = this.#limits.isProxy(remoteAddress) ? undefined : clientOf(remoteAddress);
    if (!this.#hasRoom(client)) {
      this.closed += 1;
      return void socket.destroy();
    }
    const connection: Connection = {
      key: keyOf(socket),
      socket,
      client,
      since: performance.now(),
      isAuthenticated: false,
      requests: 0,
    };
    this.#watch(connection);
    this.#open.set(connection.key, connection);
    if (client !== undefined) this.#clients.set(client, this.#count(client) + 1);
    socket.once('close', () => this.#forget(connection));
  }

  /** A request begins. */
  begin(socket: Socket): void {
    const connection = this.#open.get(keyOf(socket));
    if (connection) connection.requests += 1;
  }

  /** The sender of the current request is authenticated. */
  authenticated(socket: Socket): void {
    const connection = this.#open.get(keyOf(socket));
    if (!connection) return;
    connection.isAuthenticated = true;
    clearTimeout(connection.deadline);
  }

  /** A request was answered, or refused because its sender is unknown. */
  end(socket: Socket, isRefused: boolean): void {
    const connection = this.#open.get(keyOf(socket));
    if (!connection) return;
    connection.requests -= 1;
    connection.since = performance.now();
    if (isRefused) connection.isAuthenticated = false;
    if (!connection.isAuthenticated) this.#watch(connection);
    this.#open.delete(connection.key);
    this.#open.set(connection.key, connection);
  }

  /** A response is being sent: until it is complete, its client must read some of it from time to time. */
  answering(socket: Socket, answer: ServerResponse): void {
    const watch = (): void => void socket.setTimeout(this.#limits.stalledMs);
    watch();
    answer.on('timeout', () => {
      if (socket.writableLength === 0) return watch();
      this.closed += 1;
      socket.destroy();
    });
  }

  closeUnauthenticated(): void {
    for (const connection of this.#open.values())
      if (!connection.isAuthenticated && connection.requests === 0) this.#close(connection);
  }

  /**
   * Closes it at its time. Data that has arrived by then is read first: the process may have been busy when a request came.
   */
  #watch(connection: Connection): void {
    clearTimeout(connection.deadline);
    const check = (): void => {
      if (connection.isAuthenticated) return;
      this.closed += 1;
      this.#close(connection);
    };
    connection.deadline = setTimeout(() => setImmediate(check), this.#limits.unauthenticatedMs).unref();
  }

  #hasRoom(client: string | undefined): boolean {
    const { total, perClient } = this.#limits;
    const isFull = client !== undefined && this.#count(client) >= perClient;
    if (isFull && !this.#makeRoom((other) => other.client === client)) return false;
    return this.#open.size < total || this.#makeRoom(() => true);
  }

  /** Closes the connection with the lowest priority, the oldest of several; false if all have requests in progress. */
  #makeRoom(isOne: (connection: Connection) => boolean): boolean {
    let least: Connection | undefined;
    let worth = AT_WORK;
    for (const connection of this.#open.values()) {
      const its = isOne(connection) ? this.#worth(connection) : AT_WORK;
      if (its < worth) [least, worth] = [connection, its];
      if (worth === 0) break;
    }
    if (!least) return false;
    this.closed += 1;
    this.#close(least);
    return true;
  }

  /**
   * The priority of a connection. A new one has some time to send its request, and a recently used one is likely to be used
   * again: other clients do not push out active ones.
   */
  #worth({ isAuthenticated, requests, since }: Connection): number {
    const isNew = performance.now() - since < this.#limits.unauthenticatedMs / 5;
    if (isAuthenticated) return requests > 0 ? AT_WORK : isNew ? 5 : 1;
    return (isNew ? 3 : 0) + (requests > 0 ? 1 : 0);
  }

  #count(client: string): number {
    return this.#clients.get(client) ?? 0;
  }

  #close(connection: Connection): void {
    this.#forget(connection);
    connection.socket.destroy();
  }

  #forget(connection: Connection): void {
    clearTimeout(connection.deadline);
    if (this.#open.get(connection.key) !== connection) return;
    this.#open.delete(connection.key);
    const { client } = connection;
    if (client === undefined) return;
    const left = this.#count(client) - 1;
    if (left > 0) this.#clients.set(client, left);
    else this.#clients.delete(client);
  }
}

/** Higher than every priority. */
const AT_WORK = 6;

/** Both ends of a connection; under TLS a request has another socket object than the one that was accepted. */
const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

/** Watches a server's connections. Must come before the hook that authenticates. */
export function useConnections(app: FastifyInstance, connections: Connections): void {
  app.server.on('connection', (socket: Socket) => connections.accept(socket));
  app.addHook('onRequest', async ({ raw }) => connections.begin(raw.socket));
  app.addHook('onSend', async ({ raw }, reply) => connections.answering(raw.socket, reply.raw));
  app.addHook('onResponse', async ({ raw, principal, routeOptions }) => {
    connections.end(raw.socket, principal === undefined && !routeOptions.config?.public);
  });
  app.addHook('preClose', async () => connections.closeUnauthenticated());
}
