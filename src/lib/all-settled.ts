/**
 * Waits for all promises, even if some fail, so that no work is left running; then throws the first failure.
 * @returns the result of each
 */
export async function allSettled<T extends readonly unknown[]>(
  under: {
    readonly [I in keyof T]: Promise<T[I]> | T[I];
  },
): Promise<T> {
  const outcomes = await Promise.allSettled(under);
  const failed = outcomes.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return outcomes.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
