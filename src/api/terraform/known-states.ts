import { LRUCache } from 'lru-cache';
import type { StateText } from '../../formats/terraform/index.js';

interface Known {
  /** The log's hash at the last commit that raised the stack's version; it identifies the state and its whole history. */
  readonly hash: string;
  readonly state: StateText;
}

/** In addition to the characters of a document: its separate blocks. */
const OVERHEAD = 1_024;

/** A cache of the documents that stacks hold, with least-recently-used eviction. Without an entry, the stack is read. */
export class KnownStates {
  readonly #states: LRUCache<number, Known>;

  /** @param maxChars of all documents together */
  constructor(maxChars: number) {
    this.#states = new LRUCache({ maxSize: maxChars, sizeCalculation: ({ state }) => state.text.length + OVERHEAD });
  }

  get(stream: number, hash: string): StateText | undefined {
    const known = this.#states.get(stream);
    return known?.hash === hash ? known.state : undefined;
  }

  set(stream: number, hash: string, state: StateText): void {
    this.#states.set(stream, { hash, state });
  }
}
