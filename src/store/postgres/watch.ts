import pg from 'pg';
import { LISTEN } from './append.js';
import { isReadOnly } from './retry.js';

/** How long to wait before a listening connection that was lost is made anew, and how often to look without news. */
const RECONNECT_AFTER = 500;
const LOOK_EVERY = 5_000;

/**
 * Calls back when others may have appended. What the server tells is only a hint: after a connection was lost, and now
 * and then, it calls as well, and whoever listens reads on from where it was.
 */
export class Watch {
  readonly #config: pg.ClientConfig;
  readonly #self: string;
  readonly #listeners = new Set<() => void>();
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param self what this store's own notifications say: of those it knows already */
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

  tell(): void {
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
    this.#timer ??= setInterval(() => this.tell(), LOOK_EVERY).unref();
    client.on('notification', ({ payload }) => {
      if (payload !== this.#self) this.tell();
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    try {
      await client.connect();
      await client.query(LISTEN);
      if (again) this.tell(); // something may have come while nobody listened
    } catch (error) {
      if (isReadOnly(error) && this.#client === client) this.#drop();
      else this.#lost(client);
    }
  }

  /** Of a replica nobody can be told: it is looked at now and then. */
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
