import { storeClosed, translate } from './errors.js';
import type { Connection } from './open.js';

/** Whether a store may still be used, and what has to end before its connection is closed. */
export interface Lifetime {
  /** @throws StoreError from the moment on that the store is being closed */
  check(): void;
  /** Runs something that the closing waits for. What runs long calls `check` between its steps. */
  during<T>(run: () => T | Promise<T>): Promise<T>;
  /** Refuses whatever comes from now on, and waits for what is under way. */
  end(): Promise<void>;
}

export function lifetime(db: Connection, path: string): Lifetime {
  let closing = false;
  const running = new Set<Promise<unknown>>();
  const check = (): void => {
    if (closing || !db.open) throw storeClosed(path);
  };
  const translated = async <T>(run: () => T | Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw translate(error, path);
    }
  };
  return {
    check,
    during: async (run) => {
      check();
      const task = translated(run);
      running.add(task);
      try {
        return await task;
      } finally {
        running.delete(task);
      }
    },
    end: async () => {
      closing = true;
      await Promise.allSettled(running);
    },
  };
}
