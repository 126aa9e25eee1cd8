import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { concurrently } from '../../src/drift/concurrently.js';

describe('work done concurrently', () => {
  /** Counts the items taken and the results that are ready. */
  function counting(results: number) {
    const count = { taken: 0, ready: 0, returned: false };
    const items = async function* () {
      try {
        for (let n = 0; n < 1_000; n++) {
          count.taken++;
          yield n;
        }
      } finally {
        count.returned = true;
      }
    };
    const work = async function* (n: number) {
      for (let result = 0; result < results; result++) {
        count.ready++;
        yield n;
      }
    };
    return { count, items, work };
  }

  test('waits for the consumer of its results', async () => {
    const { count, items, work } = counting(100);
    let seen = 0;
    for await (const _ of concurrently(items(), 4, undefined, work)) {
      await sleep(1);
      expect(count.taken).toBeLessThanOrEqual(Math.ceil(++seen / 100) + 8);
      expect(count.ready).toBeLessThanOrEqual(seen + 8);
      if (seen === 500) break;
    }
    expect(seen).toBe(500);
    expect(count.returned).toBe(true);
  });

  test('gives every result once', async () => {
    const { items, work } = counting(2);
    const seen = new Map<number, number>();
    for await (const n of concurrently(items(), 7, undefined, work)) seen.set(n, (seen.get(n) ?? 0) + 1);
    expect(seen.size).toBe(1_000);
    expect(new Set(seen.values())).toEqual(new Set([2]));
  });

  test('stops the others when one fails, and throws its error', async () => {
    const stopped: number[] = [];
    const { count, items } = counting(0);
    const run = concurrently(items(), 3, undefined, async function* (n, signal) {
      if (n === 2) throw new Error('two');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped.push(n);
      yield n;
    });
    await expect(run.next()).rejects.toThrow('two');
    expect(stopped).toEqual([0, 1]);
    expect(count).toMatchObject({ taken: 3, returned: true });
  });

  test('throws what the items throw', async () => {
    const failing = (async function* () {
      yield 1;
      throw new Error('no more');
    })();
    const run = async () => {
      for await (const _ of concurrently(failing, 2, undefined, counting(1).work));
    };
    await expect(run()).rejects.toThrow('no more');
  });
});
