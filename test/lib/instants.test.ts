import { expect, test } from 'vitest';
import { InvalidInputError } from '../../src/lib/errors.js';
import { parseInstant } from '../../src/lib/instants.js';

test.each(['9999-12-31T23:59:59.999Z', '0000-01-01T00:00:00.000Z'])('%s is the last of its side', (text) => {
  expect(parseInstant(text, '--at-time')).toBe(text);
});

test.each(['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+01:00'])(
  '%s is refused: in UTC its year has not four digits, and it would sort as text on the wrong side',
  (text) => {
    expect(() => parseInstant(text, '--at-time')).toThrow(InvalidInputError);
  },
);

test('the error says which field, what was given and how to write it', () => {
  expect(() => parseInstant('tomorrow', '--at-time')).toThrow(
    expect.objectContaining({
      code: 'INVALID_TIME',
      details: { field: '--at-time', value: 'tomorrow' },
      hint: expect.stringContaining('2026-01-31T12:00:00Z'),
    }),
  );
});
