/** Whether a store may still be used, and what has to end before it lets go of its database. */
export interface Lifetime {
  /** @throws StoreError from the moment on that the store is being closed */
  check(): void;
  /** Runs something that the closing waits for. What runs long calls `check` between its steps. */
  during<T>(run: () => T | Promise<T>): Promise<T>;
  /** Refuses whatever comes from now on, and waits for what is under way. */
  end(): Promise<void>;
}

/**
 * @param closed the error of a store that was closed
 * @param translate turns what a driver throws into what a user can act on
 * @param isGone whether the database went without being closed
 */
export function lifetime(
  closed: () => Error,
  translate: (error: unknown) => unknown,
  isGone: () => boolean = () => false,
): Lifetime {
  let closing = false;
  const running = new Set<Promise<unknown>>();
  const check = (): void => {
    if (closing || isGone()) throw closed();
  };
  const translated = async <T>(run: () => T | Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw translate(error);
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
