/**
 * Works on items, at most `limit` at a time, and yields the results as they arrive. Takes an item only when a worker is
 * free, and holds at most one result of each: memory does not grow with the number of items. When it ends, for any reason,
 * all work has ended.
 * @param work gets a signal that is aborted when its result is no longer needed
 * @throws the first error of the items or the work; the signal's reason once it is aborted
 */
export async function* concurrently<T, R>(
  items: AsyncIterable<T>,
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => AsyncIterable<R>,
): AsyncGenerator<R> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const results: { readonly value: R; readonly taken: () => void }[] = [];
  let wake = (): void => {};
  const hand = (value: R): Promise<void> =>
    new Promise((taken) => {
      if (stop.signal.aborted) return taken();
      results.push({ value, taken });
      wake();
    });
  stop.signal.addEventListener('abort', () => {
    for (const { taken } of results.splice(0)) taken();
    wake();
  });
  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort);

  const queue = inTurn(items);
  let free = 0;
  const worker = async (): Promise<void> => {
    try {
      while (!stop.signal.aborted) {
        const next = await queue.next();
        if (next.done || stop.signal.aborted) break;
        for await (const value of work(next.value, stop.signal)) await hand(value);
      }
    } catch (error) {
      stop.abort(error);
    }
    free++;
    wake();
  };
  const workers = Array.from({ length: limit }, worker);
  try {
    while (free < limit && !stop.signal.aborted) {
      for (let result = results.shift(); result; result = results.shift()) {
        result.taken();
        yield result.value;
      }
      if (free === limit || stop.signal.aborted) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    stop.signal.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stop.abort();
    await Promise.all(workers);
    await queue.return(undefined);
  }
}

/** An iterator whose `next` may be called again before it has resolved. */
async function* inTurn<T>(items: AsyncIterable<T>): AsyncGenerator<T, undefined> {
  yield* items;
}
