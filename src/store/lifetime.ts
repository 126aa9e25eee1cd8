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
  let running = 0;
  const idle: (() => void)[] = [];
  const check = (): void => {
    if (closing || isGone()) throw closed();
  };
  return {
    check,
    during: async (run) => {
      check();
      running += 1;
      try {
        return await run();
      } catch (error) {
        throw translate(error);
      } finally {
        running -= 1;
        if (running === 0) for (const resolve of idle.splice(0)) resolve();
      }
    },
    end: async () => {
      closing = true;
      if (running > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}
