import { afterEach, describe, expect, test, vi } from 'vitest';
import { newId } from '../../src/lib/ids.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

afterEach(() => void vi.useRealTimers());

describe('new ids', () => {
  test('are UUIDs of version 7 that begin with the time', () => {
    vi.useFakeTimers({ now: Date.parse('2126-03-04T05:06:07.089Z') });
    const id = newId();
    expect(id).toMatch(UUID_V7);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(Date.now());
  });

  test('are all different and in the order of their making: within a millisecond, over many, and when the clock goes back', () => {
    vi.useFakeTimers({ now: Date.parse('2126-03-04T05:06:08Z') });
    const ids: string[] = [];
    for (const step of [0, 1, 5, -3_600_000, 1, 3_600_000]) {
      vi.setSystemTime(Date.now() + step);
      for (let one = 0; one < 1_000; one++) ids.push(newId());
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  test('end in something random', () => {
    const tails = Array.from({ length: 1_000 }, () => newId().slice(-11));
    expect(new Set(tails).size).toBe(tails.length);
  });
});
