import { LRUCache } from 'lru-cache';
import { clientOf } from '../client-address.js';

/** The number of wrong tokens of one client within the window, milliseconds, before the next ones get 429. */
const ALLOWED = 10;
const WINDOW = 60_000;
/** Clients counted at once. If there are more, those with the oldest failure are forgotten. */
const MAX_CLIENTS = 10_000;

/** Counts the wrong tokens of each client. Keeps a bounded number of clients, however many addresses are used. */
export class FailureCount {
  readonly #counts = new LRUCache<string, number>({ max: MAX_CLIENTS, ttl: WINDOW, noUpdateTTL: true });

  /** @returns how long the client must wait, milliseconds; undefined if it is below the limit */
  add(address: string): number | undefined {
    const client = clientOf(address);
    const count = this.#counts.get(client) ?? 0; // drops entries older than the window
    if (count >= ALLOWED) return this.#counts.getRemainingTTL(client);
    this.#counts.set(client, count + 1);
    return undefined;
  }

  /** The number of clients that are counted now. */
  get size(): number {
    return this.#counts.size;
  }
}
