import { allSettled } from '../lib/all-settled.js';

/**
 * A read that is written once for every store: it yields what it waits for and resumes with the result. One driver runs it
 * synchronously, for a database that has each result at once; the other waits for a server.
 */
export type Program<T> = Generator<unknown, T, unknown>;

/** A result that is available, or will be. */
export type Eventual<T> = T | Promise<T>;

/** The result of a synchronous store. */
export function atOnce<T>(result: Eventual<T>): T {
  if (result instanceof Promise) throw new Error('a store that has every result at once returned a promise');
  return result;
}

/** Waits for a result within a program. */
export function* wait<T>(result: Eventual<T>): Program<T> {
  return (yield result) as T;
}

/** Runs a program on a synchronous store. */
export function runNow<T>(program: Program<T>): T {
  let step = program.next();
  while (!step.done) step = program.next(step.value);
  return step.value;
}

/**
 * Runs a program on a store that waits for a server.
 * @param check called before each step; if it throws, the program ends
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

type ResultOf<T> = T extends Program<infer R> ? R : Awaited<T>;
type Results<T extends readonly unknown[]> = { -readonly [I in keyof T]: ResultOf<T[I]> };

/**
 * Waits for results and programs concurrently: the next step of each is requested before any is awaited, which costs a
 * server one round trip.
 */
export function* together<const T extends readonly unknown[]>(parts: T): Program<Results<T>> {
  let steps: readonly Step[] = parts.map((part) =>
    isProgram(part) ? untilPromise(part, part.next()) : { done: !(part instanceof Promise), value: part },
  );
  while (steps.some(({ done }) => !done)) {
    const results = (yield allSettled(steps.map(({ done, value }) => (done ? undefined : value)))) as unknown[];
    steps = steps.map((step, at) => {
      if (step.done) return step;
      const part = parts[at];
      return isProgram(part) ? untilPromise(part, part.next(results[at])) : { done: true, value: results[at] };
    });
  }
  return steps.map(({ value }) => value) as Results<T>;
}

/** The state of a program, or a result to wait for. */
interface Step {
  readonly done?: boolean;
  readonly value: unknown;
}

const isProgram = (part: unknown): part is Program<unknown> =>
  typeof (part as Partial<Program<unknown>> | undefined | null)?.next === 'function';

function untilPromise(program: Program<unknown>, first: Step): Step {
  let step = first;
  while (!step.done && !(step.value instanceof Promise)) step = program.next(step.value);
  return step;
}
