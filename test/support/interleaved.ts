import type { EventStore } from '../../src/store/event-store.js';
import type { Program } from '../../src/store/program.js';

/**
 * The same store with a write at every step of every read: before the read continues if the store is asynchronous,
 * otherwise right after its end.
 * @returns a function that waits for the writes
 */
export function interleaved(store: EventStore, write: () => Promise<unknown>) {
  const writes: Promise<unknown>[] = [];
  const begin = (): Promise<unknown> => {
    const writing = write();
    writes.push(writing);
    return writing;
  };
  function* between<T>(program: Program<T>): Program<T> {
    let step = program.next();
    while (!step.done) {
      const { value } = step;
      if (!(value instanceof Promise)) void begin();
      const result: unknown = yield value instanceof Promise
        ? value.then(async (found) => {
            await begin();
            return found;
          })
        : value;
      step = program.next(result);
    }
    return step.value;
  }
  const racing: EventStore = {
    ...store,
    read: (query) => store.read((s) => between(query(s))),
    head: async () => {
      const head = await store.head();
      await begin();
      return head;
    },
    events: async (filter) => {
      const events = await store.events(filter);
      await begin();
      return events;
    },
    page: async (filter) => {
      const page = await store.page(filter);
      await begin();
      return page;
    },
  };
  return { racing, settled: () => Promise.all(writes) };
}
