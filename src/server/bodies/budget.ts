import { getHeapStatistics } from 'node:v8';

const MEBIBYTE = 1_048_576;

/** Heap that the server itself needs. */
const OWN_HEAP = 70 * MEBIBYTE;
/** Bytes of heap that a byte of a document takes at most while it is stored (measured: docs/adr/0019). */
const HEAP_PER_BYTE = 10;
/** Without more heap than this many bodies of a small route, nothing could be stored. */
const LEAST = 4 * MEBIBYTE;

/** Larger bodies leave room for smaller ones, so that a full server still takes small commands. */
const SMALL = 64 * 1024;
const shareOfSmall = (total: number): number => Math.min(16 * MEBIBYTE, Math.floor(total / 8));

/**
 * What a value of a document counts for at least, bytes: an object of many keys takes 150 bytes of heap for each while it is
 * read.
 */
const BYTES_PER_VALUE = 32;

/** What a document counts for, bytes. */
export const weightOf = (bytes: number, values: number): number => Math.max(bytes, values * BYTES_PER_VALUE);

/** Bytes of bodies that the heap of this process can hold. */
export const defaultInFlight = (heap = getHeapStatistics().heap_size_limit): number =>
  Math.max(LEAST, Math.floor((heap - OWN_HEAP - defaultCacheChars(heap)) / HEAP_PER_BYTE));

/** Most characters of states that are remembered, so that storing the next one costs what it changes. */
const CACHE_CHARS = 256_000_000;

/** As many of them as leave the heap of this process to the others. */
export const defaultCacheChars = (heap = getHeapStatistics().heap_size_limit): number =>
  Math.min(CACHE_CHARS, Math.floor(heap / 16));

/** The part of the budget that one body has. */
export interface Share {
  /**
   * Makes it so many bytes.
   * @returns whether it could grow
   */
  resize(bytes: number): boolean;
  /** Gives all of it back; may be called again. */
  release(): void;
}

/** Bytes of all bodies that are being received or worked on. */
export class BodyBudget {
  /** Largest body that ever fits. */
  readonly largest: number;
  /** Most values of a document that ever fit. */
  readonly mostValues: number;
  readonly #total: number;
  #held = 0;

  constructor(total: number) {
    this.#total = total;
    this.largest = total - shareOfSmall(total);
    this.mostValues = Math.floor(this.largest / BYTES_PER_VALUE);
  }

  get held(): number {
    return this.#held;
  }

  /** Whether so many bytes more fit now. */
  fits(bytes: number): boolean {
    return this.#held + bytes <= (bytes <= SMALL ? this.#total : this.largest);
  }

  share(): Share {
    let own = 0;
    const resize = (bytes: number): boolean => {
      const others = this.#held - own;
      if (bytes > own && others + bytes > (bytes <= SMALL ? this.#total : this.largest)) return false;
      this.#held = others + bytes;
      own = bytes;
      return true;
    };
    return { resize, release: () => void resize(0) };
  }
}
