/** A queue that takes turns between the owners of its items, and keeps the order of each owner. */
export class Turns<T> {
  /** The first owner has the next turn. */
  readonly #waiting = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(owner: string): number {
    return this.#waiting.get(owner)?.length ?? 0;
  }

  add(owner: string, item: T): void {
    this.#size += 1;
    const own = this.#waiting.get(owner);
    if (own) own.push(item);
    else this.#waiting.set(owner, [item]);
  }

  take(): T | undefined {
    const [next] = this.#waiting;
    if (!next) return undefined;
    const [owner, own] = next;
    const item = own.shift();
    this.#size -= 1;
    this.#waiting.delete(owner);
    if (own.length > 0) this.#waiting.set(owner, own);
    return item;
  }

  /** Does nothing if it was removed already. */
  remove(owner: string, item: T): void {
    const own = this.#waiting.get(owner);
    const place = own?.indexOf(item) ?? -1;
    if (!own || place < 0) return;
    own.splice(place, 1);
    this.#size -= 1;
    if (own.length === 0) this.#waiting.delete(owner);
  }
}
