import pg from 'pg';
import { LISTEN } from './append.js';
import { isReadOnly } from './retry.js';

/** The delay before a lost listening connection is replaced, and the poll interval, in milliseconds. */
const RECONNECT_AFTER = 500;
const POLL_INTERVAL = 5_000;

/**
 * Calls listeners after others may have appended. A notification of the server is only a hint: listeners are also called
 * after a lost connection and at each poll, and continue reading from their own position.
 */
export class Watch {
  readonly #config: pg.ClientConfig;
  readonly #self: string;
  readonly #listeners = new Set<() => void>();
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param self the payload of this store's own notifications, which are ignored */
  constructor(config: pg.ClientConfig, self: string) {
    this.#config = config;
    this.#self = self;
  }

  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (!this.#client && !this.#timer) void this.#connect(false);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#disconnect();
    };
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#disconnect();
  }

  async #connect(again: boolean): Promise<void> {
    const client = new pg.Client(this.#config);
    this.#client = client;
    this.#timer ??= setInterval(() => this.notify(), POLL_INTERVAL).unref();
    client.on('notification', ({ payload }) => {
      if (payload !== this.#self) this.notify();
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    try {
      await client.connect();
      await client.query(LISTEN);
      if (again) this.notify(); // events may have been appended while no connection listened
    } catch (error) {
      if (isReadOnly(error) && this.#client === client) this.#drop();
      else this.#lost(client);
    }
  }

  /** A replica cannot LISTEN, so it is polled. */
  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => {});
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#drop();
    if (this.#closed || this.#listeners.size === 0) return;
    setTimeout(() => {
      if (!this.#closed && !this.#client && this.#listeners.size > 0) void this.#connect(true);
    }, RECONNECT_AFTER).unref();
  }

  #disconnect(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#drop();
  }
}
