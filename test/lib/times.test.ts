import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/lib/durations.js';
import { parseInstant } from '../../src/lib/instants.js';

describe('durations', () => {
  test.each([
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['45s', 45_000],
    ['7d', 604_800_000],
    ['500ms', 500],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text, '--duration')).toBe(milliseconds);
  });

  test.each(['', '30', '-5m', '1.5h', 'abc', '1h foo', '30m1h', '1h 30m', '5 m', '1w', '99999999999999999d'])(
    '"%s" is refused, naming the field',
    (text) => {
      expect(() => parseDuration(text, '--duration')).toThrow(/^--duration: /);
    },
  );
});

describe('instants', () => {
  test.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.5+01:00', '2026-01-31T11:00:00.500Z'],
  ])('%s', (text, instant) => {
    expect(parseInstant(text, '--at-time')).toBe(instant);
  });

  test.each(['', 'yesterday', '2026-13-01', '2026-02-30', '2026-01-31T12:00:00', '1769860800', '2026-01-31T25:00:00Z'])(
    '"%s" is refused, naming the field',
    (text) => {
      expect(() => parseInstant(text, '--at-time')).toThrow(/^--at-time: /);
    },
  );
});
