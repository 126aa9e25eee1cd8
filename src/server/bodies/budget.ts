import { getHeapStatistics } from 'node:v8';

const MEBIBYTE = 1_048_576;

/** Heap that the server itself needs. */
const OWN_HEAP = 70 * MEBIBYTE;
/** The most heap that a byte of a document needs while it is stored (measured: docs/adr/0019). */
const HEAP_PER_BYTE = 10;
/** The minimum is this many bodies of a small route; with less heap nothing could be stored. */
const LEAST = 4 * MEBIBYTE;

/** A reserve for small bodies, so that a full server still accepts small commands. */
const SMALL = 64 * 1024;
const shareOfSmall = (total: number): number => Math.min(16 * MEBIBYTE, Math.floor(total / 8));

/**
 * The minimum that a value of a document counts for, bytes: an object of many keys needs 150 bytes of heap for each while it
 * is parsed.
 */
const BYTES_PER_VALUE = 32;

/** The bytes that a document counts for. */
export const weightOf = (bytes: number, values: number): number => Math.max(bytes, values * BYTES_PER_VALUE);

/** Bytes of bodies that the heap of this process can hold. */
export const defaultInFlight = (heap = getHeapStatistics().heap_size_limit): number =>
  Math.max(LEAST, Math.floor((heap - OWN_HEAP - defaultCacheChars(heap)) / HEAP_PER_BYTE));

/** The most characters of cached states, so that storing the next one costs what it changes. */
const CACHE_CHARS = 256_000_000;

/** Limited so that the cache leaves enough heap for other work. */
export const defaultCacheChars = (heap = getHeapStatistics().heap_size_limit): number =>
  Math.min(CACHE_CHARS, Math.floor(heap / 16));

/** The part of the budget that one body uses. */
export interface Share {
  /**
   * Sets its size in bytes.
   * @returns whether it could grow
   */
  resize(bytes: number): boolean;
  /** Releases all of it; may be called again. */
  release(): void;
}

/** Bytes of all bodies that are being received or processed. */
export class BodyBudget {
  /** The largest body that can fit. */
  readonly largest: number;
  /** The most values of a document that can fit. */
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

  /** Whether this many more bytes fit now. */
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
