import { LRUCache } from 'lru-cache';
import { clientOf } from '../client-address.js';

/** Wrong tokens of one client within the window, milliseconds, before the next ones are answered with 429. */
const ALLOWED = 10;
const WINDOW = 60_000;
/** Clients counted at once. Where there are more, those that failed the longest ago are forgotten. */
const MAX_CLIENTS = 10_000;

/** Counts the wrong tokens of each client. Holds a bounded number of clients, however many addresses are used. */
export class FailureCount {
  readonly #counts = new LRUCache<string, number>({ max: MAX_CLIENTS, ttl: WINDOW, noUpdateTTL: true });

  /** @returns for how long the client sends too many, milliseconds; undefined where it does not */
  add(address: string): number | undefined {
    const client = clientOf(address);
    const count = this.#counts.get(client) ?? 0; // drops what is older than the window
    if (count >= ALLOWED) return this.#counts.getRemainingTTL(client);
    this.#counts.set(client, count + 1);
    return undefined;
  }

  /** Clients that are counted now. */
  get size(): number {
    return this.#counts.size;
  }
}
