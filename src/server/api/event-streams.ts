import { interval, type Observable, share } from 'rxjs';
import { StoreError } from '../../lib/errors.js';

export interface StreamLimits {
  /** The maximum number of open streams, in total and for one token. */
  readonly total: number;
  readonly perToken: number;
  readonly heartbeatMs: number;
}

/** The delay after which a refused client may retry, in seconds. */
export const RETRY_AFTER = 10;

/** How often each stream is woken within a heartbeat interval to check whether one is due. */
export const BEATS = 4;

/** The live streams of a server: their number, and the shared timer of their heartbeats. */
export class EventStreams {
  readonly beat: Observable<unknown>;
  readonly heartbeatMs: number;
  readonly #limits: StreamLimits;
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(limits: StreamLimits) {
    this.beat = interval(limits.heartbeatMs / BEATS).pipe(share());
    this.heartbeatMs = limits.heartbeatMs;
    this.#limits = limits;
  }

  get size(): number {
    return this.#total;
  }

  /**
   * Opens one more stream.
   * @param owner the token, or the client without one
   * @returns closes it; a second call has no effect
   * @throws StoreError `TOO_MANY_STREAMS` for this owner, `SERVER_BUSY` for the whole server
   */
  open(owner: string): () => void {
    const { total, perToken } = this.#limits;
    const own = this.#open.get(owner) ?? 0;
    if (own >= perToken) {
      throw new StoreError('TOO_MANY_STREAMS', `this client has ${own} live streams open already`, {
        hint: 'Close one, or follow several stacks in one stream. The operator can raise the limit with --max-streams.',
        details: { limit: perToken },
      });
    }
    if (this.#total >= total) {
      throw new StoreError('SERVER_BUSY', `the server has ${this.#total} live streams open already`, {
        hint: 'Try again after the time that Retry-After names.',
        details: { limit: total },
      });
    }
    this.#open.set(owner, own + 1);
    this.#total += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#total -= 1;
      const left = (this.#open.get(owner) ?? 1) - 1;
      if (left > 0) this.#open.set(owner, left);
      else this.#open.delete(owner);
    };
  }
}
