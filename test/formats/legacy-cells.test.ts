import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/lib/errors.js';
import { stringifyJson } from '../../src/lib/json.js';
import { name, prose } from '../../src/lib/text.js';
import {
  asWritten,
  cell,
  cellJson,
  counterOf,
  instantOf,
  jsonOf,
  nameOf,
  objectOf,
  proseOf,
  rowJson,
  textOf,
} from '../../src/migration/cells.js';
import type { Cell } from '../../src/migration/source/source.js';

const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);

describe('a time', () => {
  it.each<[what: string, value: Cell, instant: string]>([
    ["SQLite's", '2025-01-31 12:00:01', '2025-01-31T12:00:01.000Z'],
    ['without seconds', '2025-01-31 12:00', '2025-01-31T12:00:00.000Z'],
    ['a day', '2025-01-31', '2025-01-31T00:00:00.000Z'],
    ['with milliseconds', '2025-01-31 12:00:01.5', '2025-01-31T12:00:01.500Z'],
    ['with nanoseconds, which are cut and not rounded', '2025-01-31 12:00:01.999999999', '2025-01-31T12:00:01.999Z'],
    ['of RFC 3339', '2025-01-31T12:00:01Z', '2025-01-31T12:00:01.000Z'],
    ['of RFC 3339 with an offset', '2025-01-31T12:00:01.25+05:30', '2025-01-31T06:30:01.250Z'],
    ['with an offset without colon', '2025-01-31 12:00:01 -0300', '2025-01-31T15:00:01.000Z'],
    ['with an offset of hours', '2025-01-31 12:00:01-03', '2025-01-31T15:00:01.000Z'],
    ["Go's in UTC", '2025-01-31 12:00:01.123456789 +0000 UTC', '2025-01-31T12:00:01.123Z'],
    ["Go's in a zone without letters", '2025-01-31 12:00:01.123456789 -0300 -03', '2025-01-31T15:00:01.123Z'],
    ["Go's with half an hour", '2025-01-31 12:00:01 +0545 +0545', '2025-01-31T06:15:01.000Z'],
    ["Go's in a zone with letters", '2025-07-31 12:00:01 +0200 CEST', '2025-07-31T10:00:01.000Z'],
    ["Go's with its monotonic clock", '2025-01-31 12:00:01.1 +0000 UTC m=+0.100000001', '2025-01-31T12:00:01.100Z'],
    ['with blanks around it', ' 2025-01-31 12:00:01\n', '2025-01-31T12:00:01.000Z'],
    ['on the 29th of February', '2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['in seconds since 1970', 1_738_324_801n, '2025-01-31T12:00:01.000Z'],
    ['in milliseconds since 1970', 1_738_324_801_250n, '2025-01-31T12:00:01.250Z'],
    ['in seconds with a fraction', 1_738_324_801.25, '2025-01-31T12:00:01.250Z'],
    ['at the very beginning', 0n, '1970-01-01T00:00:00.000Z'],
    ['before 1970', -1n, '1969-12-31T23:59:59.000Z'],
    ['of the last second before milliseconds', 99_999_999_999n, '5138-11-16T09:46:39.000Z'],
    ['of the first milliseconds', 100_000_000_000n, '1973-03-03T09:46:40.000Z'],
  ])('%s', (_, value, instant) => {
    expect(instantOf(value)).toBe(instant);
  });

  it.each<[what: string, value: Cell]>([
    ['NULL', null],
    ['no text', ''],
    ['words', 'yesterday'],
    ['a BLOB', bytes(50, 48, 50, 53)],
    ['the 30th of February', '2025-02-30 10:00:00'],
    ['the 29th in a year without it', '2025-02-29'],
    ['a 13th month', '2025-13-01'],
    ['the hour 24', '2025-01-31 24:00:00'],
    ['a leap second', '2025-12-31 23:59:60'],
    ['an hour alone', '12:00:00'],
    ['more behind it', '2025-01-31 12:00:00 or so'],
    ['an offset of a day', '2025-01-31 12:00:00+24:00'],
    ['a year of five digits', '12025-01-31 12:00:00'],
    ['a time whose year in UTC has five digits', '9999-12-31T23:59:59-01:00'],
    ['digits in a text', '1738324801'],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a number beyond all years', 9_223_372_036_854_775_807n],
    ['a number before all years', -9_223_372_036_854_775_808n],
  ])('%s is none', (_, value) => {
    expect(instantOf(value)).toBeUndefined();
  });
});

describe('a counter', () => {
  it.each<[Cell, number | undefined]>([
    [0n, 0],
    [3n, 3],
    [3, 3],
    ['3', 3],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    [null, undefined],
    ['', undefined],
    [' ', undefined],
    [' 3 ', undefined],
    ['v3', undefined],
    ['0x10', undefined],
    ['1e3', undefined],
    ['3.0', undefined],
    [3.5, undefined],
    [-1n, undefined],
    ['-1', undefined],
    [9_007_199_254_740_992n, undefined],
    [bytes(), undefined],
    [bytes(5), undefined],
    [bytes(51), undefined],
  ])('%o is %o', (value, number) => {
    expect(counterOf(value)).toBe(number);
  });
});

describe('a cell', () => {
  it('of a column that an older layout lacks is NULL', () => {
    expect(cell({ id: 'a' }, 'locked_by')).toBeNull();
    expect(cell({ id: 'a' }, 'constructor')).toBeNull();
  });

  it.each<[Cell, string]>([
    [null, 'null'],
    ['{"a":1}', '"{\\"a\\":1}"'],
    [7n, '7'],
    [9_007_199_254_740_993n, '9007199254740993'],
    [0.1, '0.1'],
    [Number.NEGATIVE_INFINITY, '"-Infinity"'],
    [bytes(1, 2), '{"base64":"AQI="}'],
  ])('%o as JSON is %s', (value, json) => {
    expect(stringifyJson(cellJson(value))).toBe(json);
  });

  it('as part of a row stays under its column, whatever that is called', () => {
    const row = Object.fromEntries([
      ['__proto__', 1n],
      ['id', 'a'],
    ]);
    expect(stringifyJson(rowJson(row))).toBe('{"__proto__":1,"id":"a"}');
    expect(stringifyJson(rowJson(row, ['id']))).toBe('{"__proto__":1}');
  });

  it.each<[Cell, string]>([
    [null, ''],
    [1n, '1'],
    [9_007_199_254_740_993n, '9007199254740993'],
    [1.5, '1.5'],
    [1, '1'],
    ['x', 'x'],
  ])('%o as text is %o, and nothing had to be repaired', (value, text) => {
    expect(textOf(value, 'x')).toEqual({ value: text });
  });

  it('that is a BLOB where text is wanted becomes its base64', () => {
    const repair = { problem: 'x is a BLOB', done: 'kept as base64' };
    expect(textOf(bytes(1, 2), 'x')).toEqual({ value: 'AQI=', repair });
    expect(asWritten(bytes(1, 2), 'x')).toEqual({ value: { base64: 'AQI=' }, repair });
  });

  it('as written is never read', () => {
    expect(asWritten('{"a": 1}', 'x')).toEqual({ value: '{"a": 1}' });
    expect(asWritten(null, 'x')).toEqual({ value: null });
  });
});

describe('JSON in a cell', () => {
  it.each(['12345678901234567890', '{"a":1.0,"b":1e400}', '{"__proto__":{"x":1}}', '"\\ud800"', '[]', 'null'])(
    'stays as it is: %s',
    (text) => {
      const { value, repair } = jsonOf(text, 'x');
      expect(stringifyJson(value)).toBe(text);
      expect(repair).toBeUndefined();
    },
  );

  it.each(['', '{', 'plain', '{"a":1,"a":2}', 'NaN', "{'a':1}"])('that is none stays as text: %s', (text) => {
    const { value, repair } = jsonOf(text, 'x');
    expect(value).toBe(text);
    expect(repair?.problem).toMatch(/^x is not JSON \(/);
    expect(repair?.done).toBe('kept as text');
  });

  it('of a number or NULL is that', () => {
    expect(jsonOf(5n, 'x')).toEqual({ value: 5 });
    expect(jsonOf(null, 'x')).toEqual({ value: null });
  });

  it('beyond the limits of a document is refused', () => {
    const deep = `${'['.repeat(513)}${']'.repeat(513)}`;
    expect(() => jsonOf(deep, 'x')).toThrow(InvalidInputError);
    expect(() => jsonOf(`"${'a'.repeat(100)}"`, 'x', { maxBytes: 100, maxDepth: 5 })).toThrow('x is 102 bytes');
    expect(jsonOf(`${'['.repeat(512)}${']'.repeat(512)}`, 'x').repair).toBeUndefined();
  });

  it.each<[what: string, value: Cell, object: object, problem: string, done: string]>([
    ['NULL', null, {}, 'x is NULL', 'taken as {}'],
    ['a list', '[1]', { value: [1] }, 'x is not a JSON object', 'kept under "value"'],
    ['JSON null', 'null', { value: null }, 'x is not a JSON object', 'kept under "value"'],
    ['a number', 5n, { value: 5 }, 'x is not a JSON object', 'kept under "value"'],
    ['a BLOB', bytes(1, 2), { base64: 'AQI=' }, 'x is a BLOB', 'kept as base64'],
  ])('is put into an object where one is wanted: %s', (_, value, object, problem, done) => {
    expect(objectOf(value, 'x')).toEqual({ value: object, repair: { problem, done } });
  });

  it('that is none is put into an object as text', () => {
    expect(objectOf('{', 'x')).toMatchObject({ value: { text: '{' }, repair: { done: 'kept as text, under "text"' } });
  });
});

describe('a name', () => {
  const isName = (text: string, max = 255) => name(max).safeParse(text).success;

  it.each<[what: string, value: Cell, text: string, problem: string]>([
    ['control characters', 'a\u001bb', 'a\\u001bb', 'x holds control characters'],
    ['a line feed at its end', 'a\n', 'a\\u000a', 'x holds control characters'],
    ['a C1 control character', 'a\u0085', 'a\\u0085', 'x holds control characters'],
    ['outer blanks', '  a b\u00a0', 'a b', 'x begins or ends with white space'],
    ['a lone surrogate', 'a\ud800', 'a\ufffd', 'x is no well-formed Unicode'],
    ['a BLOB', bytes(1, 2), 'AQI=', 'x is a BLOB'],
  ])('with %s', (_, value, text, problem) => {
    const { value: made, repair } = nameOf(value, 'x', 'otherwise');
    expect(made).toBe(text);
    expect(repair?.problem).toBe(problem);
    expect(isName(made)).toBe(true);
  });

  it.each<[Cell]>([[null], [''], ['  '], [bytes()]])('that is nothing (%o) is another one', (value) => {
    expect(nameOf(value, 'x', 'other')).toEqual({
      value: 'other',
      repair: { problem: 'x is empty', done: '"other" was taken' },
    });
  });

  it('that is taken in its place is made a name too', () => {
    expect(nameOf(null, 'x', ' r\u0000 ').value).toBe('r\\u0000');
  });

  it('of a number is its digits', () => {
    expect(nameOf(42n, 'x', 'other')).toEqual({ value: '42' });
  });

  it('as long as can be stays; one byte more is cut, and ends in digits of its hash', () => {
    expect(nameOf('a'.repeat(255), 'x', 'o')).toEqual({ value: 'a'.repeat(255) });
    const { value, repair } = nameOf('a'.repeat(256), 'x', 'o');
    expect(value).toBe(`${'a'.repeat(246)}~02d7160d`);
    expect(repair).toMatchObject({ problem: 'x is longer than 255 bytes' });
    expect(Buffer.byteLength(value)).toBe(255);
  });

  it('is cut between characters, and two of one beginning stay two', () => {
    const [one, two] = ['1', '2'].map((end) => nameOf('😀'.repeat(100) + end, 'x', 'o').value);
    expect(one).not.toBe(two);
    for (const cut of [one, two]) {
      expect(cut).toMatch(/^(😀){61}~[0-9a-f]{8}$/u);
      expect(isName(cut ?? '')).toBe(true);
    }
  });

  it('of many control characters is cut behind the escapes', () => {
    const { value } = nameOf('\u0000'.repeat(255), 'x', 'o', 128);
    expect(value).toMatch(/^(\\u0000){19}\\u000~[0-9a-f]{8}$/);
    expect(isName(value, 128)).toBe(true);
  });
});

describe('prose', () => {
  it('keeps line breaks, tabs and outer blanks', () => {
    expect(proseOf(' a\r\n\tb ', 'x')).toEqual({ value: ' a\r\n\tb ' });
    expect(proseOf(null, 'x')).toEqual({ value: '' });
  });

  it('has escapes for other control characters', () => {
    expect(proseOf('\u001b[31m', 'x')).toMatchObject({
      value: '\\u001b[31m',
      repair: { problem: 'x holds control characters' },
    });
  });

  it('is cut where it is too long', () => {
    const { value } = proseOf('é'.repeat(40_000), 'x');
    expect(value).toMatch(/^é{32763}~[0-9a-f]{8}$/);
    expect(prose().safeParse(value).success).toBe(true);
  });
});
