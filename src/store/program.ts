import { allSettled } from '../lib/all-settled.js';

/**
 * A read that is written once for every store: it yields what it waits for and is resumed with the result. One driver runs it
 * in one go, for a database that has each result at once; another waits for a server.
 */
export type Program<T> = Generator<unknown, T, unknown>;

/** A result that is there, or will be. */
export type Eventual<T> = T | Promise<T>;

/** Waits for a result within a program. */
export function* wait<T>(result: Eventual<T>): Program<T> {
  return (yield result) as T;
}

/** Runs a program on a store that has every result at once. */
export function runNow<T>(program: Program<T>): T {
  let step = program.next();
  while (!step.done) step = program.next(step.value);
  return step.value;
}

/**
 * Runs a program on a store that waits for a server.
 * @param check called before each step; what it throws ends the program
 */
export async function runLater<T>(program: Program<T>, check: () => void = () => {}): Promise<T> {
  let step = program.next();
  while (!step.done) {
    const result = await step.value;
    check();
    step = program.next(result);
  }
  return step.value;
}

type Results<T extends readonly Program<unknown>[]> = {
  -readonly [I in keyof T]: T[I] extends Program<infer R> ? R : never;
};

/** Runs programs side by side: each step of all is asked for before any is waited for, which costs a server one round trip. */
export function* together<const T extends readonly Program<unknown>[]>(programs: T): Program<Results<T>> {
  let steps = programs.map((program) => program.next());
  while (steps.some(({ done }) => !done)) {
    const asked = steps.map(({ done, value }) => (done ? undefined : value));
    const results = asked.some((one) => one instanceof Promise) ? ((yield allSettled(asked)) as unknown[]) : asked;
    steps = steps.map((step, at) => (step.done ? step : (programs[at] as Program<unknown>).next(results[at])));
  }
  return steps.map(({ value }) => value) as Results<T>;
}
