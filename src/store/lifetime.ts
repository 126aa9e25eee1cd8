/** Whether a store may still be used, and the work that must end before it closes its database. */
export interface Lifetime {
  /** @throws StoreError as soon as the store is being closed */
  check(): void;
  /** Runs work that closing waits for. Long work calls `check` between its steps. */
  during<T>(run: () => T | Promise<T>): Promise<T>;
  /** Refuses further calls, and waits for running ones. */
  end(): Promise<void>;
}

/**
 * @param closed the error for calls on a closed store
 * @param translate converts a driver's error to one that a user can act on
 * @param isGone whether the database disappeared without being closed
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
