import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/lib/errors.js';
import {
  assertJson,
  canonicalNumber,
  decodeUtf8,
  equalJson,
  formatPath,
  type Json,
  JsonNumber,
  type JsonObject,
  leaves,
  parseJson,
  parseStoredJson,
  parseStoredObject,
  sortKeys,
  stringifyJson,
} from '../../src/lib/json.js';
import { jsonText, numberText } from '../support/json-arbitraries.js';

function refusal(run: () => unknown): InvalidInputError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error as InvalidInputError;
  }
  throw new Error('it was accepted');
}

const nested = (depth: number, [start, end]: readonly [string, string] = ['[', ']']): string =>
  start.repeat(depth) + end.repeat(depth);

/** What `typeof` and the text tell of a value: the exact parser's choice, without its identity. */
const kindOf = (value: Json | undefined): string => (value instanceof JsonNumber ? `exact ${value}` : typeof value);

describe('parseJson keeps', () => {
  it.each([
    ['9007199254740991', 'number'],
    ['9007199254740993', 'exact 9007199254740993'],
    ['12345678901234567890123', 'exact 12345678901234567890123'],
    ['1e400', 'exact 1e400'],
    ['-1E-400', 'exact -1E-400'],
    ['1.0', 'exact 1.0'],
    ['1.50', 'exact 1.50'],
    ['-0', 'exact -0'],
    ['0.1', 'number'],
    ['1e5', 'exact 1e5'],
    ['0.0000001', 'exact 0.0000001'],
    ['1234567890.12345678', 'exact 1234567890.12345678'],
    ['0', 'number'],
    ['-17', 'number'],
  ])('the number %s as it is written', (text, kind) => {
    expect(kindOf(parseJson(text))).toBe(kind);
    expect(kindOf((parseStoredJson(`{"a":${text}}`) as JsonObject).a)).toBe(kind);
    for (const document of [text, `[${text}]`, `{"a":${text}}`, `[1,${text},2]`]) {
      expect(stringifyJson(parseJson(document))).toBe(document);
      expect(stringifyJson(parseStoredJson(stringifyJson(parseJson(document))))).toBe(document);
    }
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0', '17', 'a.b', '\u0000', 'é', '\ud800'])(
    'the key %j as an own, ordinary key',
    (key) => {
      // The second number keeps the fast path out, the first document lets it in.
      for (const text of [`{${JSON.stringify(key)}:{"x":1}}`, `{${JSON.stringify(key)}:{"x":1.0}}`]) {
        const value = parseJson(text) as Record<string, Json>;
        expect(Object.keys(value)).toEqual([key]);
        expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
        expect(stringifyJson(value)).toBe(text);
        expect(stringifyJson(parseStoredJson(text))).toBe(text);
      }
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    },
  );

  it.each(['\ud800', 'a\udc00b', '\u0000', 'x\u0000y', '\u2028', '\u007f', '😀', '"\\/\b\f\n\r\t'])(
    'the string %j',
    (text) => {
      expect(parseJson(JSON.stringify(text))).toBe(text);
      expect(parseJson(`[${JSON.stringify(text)},1.0]`)).toEqual([text, new JsonNumber('1.0')]);
      expect(parseStoredJson(stringifyJson({ text }))).toEqual({ text });
    },
  );

  it('integer-like keys with their values, in whatever order', () => {
    expect(parseJson('{"b":1,"10":2,"9":3}')).toEqual({ '10': 2, '9': 3, b: 1 });
  });

  it('a string of several megabytes', () => {
    const long = 'é'.repeat(4 * 1024 * 1024);
    expect((parseJson(JSON.stringify({ long, n: 1 })) as { long: string }).long === long).toBe(true);
    expect((parseJson(`{"n":1.0,"long":"${long}"}`) as unknown as { long: string }).long === long).toBe(true);
  });
});

describe('parseJson refuses', () => {
  it.each([
    ['{"a":1,"a":2}', '$.a'],
    ['{"a":1,"a":1}', '$.a'],
    ['{"__proto__":1,"__proto__":2}', '$.__proto__'],
    ['{"toString":1,"b":2,"toString":3}', '$.toString'],
    ['{"a":{"b":{"c":1,"c":2}}}', '$.a.b.c'],
    ['[0,{"x":[1,{"a":1,"a":2}]}]', '$[1].x[1].a'],
    ['{"\\u0061":1,"a":2}', '$.a'],
    ['{"a":1,"\\u0061":2}', '$.a'],
    ['{"a b":{"c.d":1,"c.d":2}}', '$["a b"]["c.d"]'],
    ['{"":1,"":2}', '$[""]'],
    ['{"é":1,"\\u00e9":2}', '$.é'],
  ])('a key that stands twice: %s at %s', (text, path) => {
    const error = refusal(() => parseJson(text, 'input.json'));
    expect(error).toMatchObject({ code: 'INVALID_JSON', details: { field: 'input.json', path } });
    expect(error.message).toContain('the key occurs twice');
    expect(error.message).toContain(path);
  });

  it('not two keys that only look alike: unicode forms, case', () => {
    expect(Object.keys(parseJson('{"\\u00e9":1,"e\\u0301":2,"A":3,"a":4.0}') as object)).toHaveLength(4);
  });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['a comment', '/* x */ 1'],
    ['a line comment', '[1] // x'],
    ['a comment inside', '{"a":/**/1}'],
    ['a trailing comma in an array', '[1,]'],
    ['a trailing comma in an object', '{"a":1,}'],
    ['a lonely comma', '[,]'],
    ['NaN', '[NaN]'],
    ['Infinity', '[-Infinity]'],
    ['undefined', 'undefined'],
    ['single quotes', "{'a':1}"],
    ['a bare key', '{a:1}'],
    ['a leading zero', '[01]'],
    ['a leading zero after the sign', '-01'],
    ['a plus sign', '+1'],
    ['a bare fraction', '.5'],
    ['a point without fraction', '1.'],
    ['an exponent without digits', '[1e]'],
    ['a bare minus', '-'],
    ['hexadecimal', '0x10'],
    ['trailing garbage', '{"a":1}x'],
    ['two documents', '{} {}'],
    ['one bracket too many', '[1]]'],
    ['an open object', '{"a":1'],
    ['an open string', '"abc'],
    ['a mismatch', '[1}'],
    ['a missing comma', '[1 2]'],
    ['a missing colon', '{"a" 1}'],
    ['a missing value', '{"a":}'],
    ['a raw control character', '"\u0001"'],
    ['a raw line break in a string', '"a\nb"'],
    ['a raw NUL', '["\u0000"]'],
    ['an unknown escape', '"\\x41"'],
    ['a short escape', '"\\u12"'],
    ['a byte order mark', '\ufeff{}'],
    ['a no-break space', '[\u00a01]'],
    ['a vertical tab', '[\u000b1]'],
    ['capitals', 'True'],
  ])('%s', (_, text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(refusal(() => parseJson(text)).code).toBe('INVALID_JSON');
  });

  it('and says where: the path, the line and the column', () => {
    const error = refusal(() => parseJson('{\n  "a": [1,\n    oops]\n}', 'stack.json'));
    expect(error.message).toContain('stack.json');
    expect(error.message).toContain('line 3, column 5');
    expect(error.details).toEqual({ field: 'stack.json', path: '$.a[1]', line: 3, column: 5 });
    expect(error.exitCode).toBe(2);
  });

  it.each([
    ['arrays', ['[', ']']],
    ['objects', ['{"a":', '}']],
  ] as const)('more than 512 levels of %s, not 512', (_, [start, end]) => {
    const document = (depth: number, inner: string): string => start.repeat(depth) + inner + end.repeat(depth);
    for (const inner of ['1', '1.0']) {
      expect(stringifyJson(parseJson(document(512, inner)))).toBe(document(512, inner));
      expect(parseStoredJson(document(512, inner))).toEqual(parseJson(document(512, inner)));
      expect(refusal(() => parseJson(document(513, inner))).message).toContain('nested deeper than 512 levels');
    }
  });

  it('a million brackets, closed or open, without overflowing the stack', () => {
    for (const text of [nested(1_000_000), '['.repeat(1_000_000), '{"a":'.repeat(1_000_000)]) {
      expect(refusal(() => parseJson(text)).message).toContain('nested deeper than 512 levels');
    }
  });

  it('more bytes than the limit, counted as UTF-8', () => {
    const limits = { maxBytes: 10, maxDepth: 512 };
    expect(parseJson('"12345678"', 'x', limits)).toBe('12345678');
    expect(parseJson('"éééé"', 'x', limits)).toBe('éééé');
    expect(refusal(() => parseJson('"123456789"', 'x', limits))).toMatchObject({
      code: 'DOCUMENT_TOO_LARGE',
      details: { field: 'x', bytes: 11, maxBytes: 10 },
    });
    expect(refusal(() => parseJson('"ééééé"', 'x', limits)).code).toBe('DOCUMENT_TOO_LARGE');
  });

  it('a document over 16 MiB, not one of exactly that', () => {
    const text = `"${'x'.repeat(16 * 1024 * 1024 - 2)}"`;
    expect((parseJson(text) as string).length).toBe(text.length - 2);
    expect(refusal(() => parseJson(`${text} `)).code).toBe('DOCUMENT_TOO_LARGE');
  });
});

describe('decodeUtf8', () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);

  it('reads UTF-8 and leaves a byte order mark out', () => {
    expect(decodeUtf8(Buffer.from('{"é":"😀"}'), 'x')).toBe('{"é":"😀"}');
    expect(decodeUtf8(bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d), 'x')).toBe('{}');
  });

  it.each([
    ['a lone continuation byte', bytes(0x22, 0x80, 0x22)],
    ['an overlong slash', bytes(0xc0, 0xaf)],
    ['a surrogate', bytes(0xed, 0xa0, 0x80)],
    ['a cut-off sequence', bytes(0xe2, 0x82)],
    ['beyond U+10FFFF', bytes(0xf4, 0x90, 0x80, 0x80)],
    ['UTF-16', bytes(0xff, 0xfe, 0x7b, 0x00)],
    ['Latin-1', bytes(0x22, 0xe9, 0x22)],
  ])('refuses %s', (_, input) => {
    const error = refusal(() => decodeUtf8(input, 'stack.json'));
    expect(error).toMatchObject({ code: 'INVALID_UTF8', details: { field: 'stack.json' } });
    expect(error.cause).toBeDefined();
  });
});

describe('a stored document', () => {
  it.each(['{"a":1,"b"}', '{"a":1.50,"b"}', '{"a":1', 'tru', ''])('that is damaged is told as such: %s', (text) => {
    const error = expect.objectContaining({ name: 'IntegrityError', code: 'DOCUMENT_DAMAGED' });
    expect(() => parseStoredJson(text)).toThrow(error);
  });

  it.each(['null', '[]', '"a"', '1', '1.50'])('that is no object where one was stored is damaged: %s', (text) => {
    expect(() => parseStoredObject(text)).toThrow(expect.objectContaining({ code: 'DOCUMENT_DAMAGED' }));
  });

  it('comes back equal and spelled the same, for any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const stored = stringifyJson(value);
        const back = parseStoredJson(stored);
        expect(equalJson(back, value as Json)).toBe(true);
        expect(stringifyJson(back)).toBe(stored);
      }),
      { numRuns: 500 },
    );
  });

  it('comes back equal and spelled the same, for any JSON text', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const value = parseJson(text);
        const stored = stringifyJson(value);
        const back = parseStoredJson(stored);
        expect(equalJson(back, value)).toBe(true);
        expect(stringifyJson(back)).toBe(stored);
        expect(numbersIn(stored)).toEqual(numbersIn(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([0, 2])('comes back the same for every spelling of a number, alone or in a document, indent %i', (indent) => {
    fc.assert(
      fc.property(numberText, (number) => {
        for (const text of [number, `[${number}]`, `{"a":${number}}`, `[0,${number},"x"]`]) {
          const back = parseStoredJson(stringifyJson(parseJson(text), indent));
          expect(stringifyJson(back)).toBe(text);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The number tokens of a JSON text, sorted: moving integer-like keys about changes their order. */
const numbersIn = (text: string): string[] =>
  (text.replace(/"(?:[^"\\]|\\.)*"/gs, '""').match(/-?\d[\d.eE+-]*/g) ?? []).sort();

describe('the fast and the exact path', () => {
  it('read the same document to the same value, and refuse the same', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        // A compact text may take the fast path; the same text after two blanks may not.
        expect(parseJson(`  ${text}`)).toEqual(parseJson(text));
        expect(stringifyJson(parseJson(`  ${text}`))).toBe(stringifyJson(parseJson(text)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('agree on what the platform writes, compact and indented', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const compact = JSON.stringify(value);
        const exact = stringifyJson(parseJson(`  ${compact}`));
        expect(stringifyJson(parseJson(compact))).toBe(exact);
        expect(stringifyJson(parseJson(`${JSON.stringify(value, null, 2)}\n`))).toBe(exact);
      }),
      { numRuns: 500 },
    );
  });

  it('accept exactly what JSON.parse accepts, but for keys that stand twice', () => {
    const piece = fc.constantFrom(
      ...'{}[]:,"',
      '"a"',
      '"b"',
      '1',
      '01',
      '-',
      '1.',
      '.5',
      'e',
      'null',
      'nul',
      ' ',
      '//',
      '\\',
      '\u0001',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        let accepted = true;
        try {
          JSON.parse(text);
        } catch {
          accepted = false;
        }
        try {
          parseJson(text);
          expect(accepted).toBe(true);
        } catch (error) {
          if (accepted) expect((error as Error).message).toContain('the key occurs twice');
          else expect(error).toBeInstanceOf(InvalidInputError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('stringifyJson and assertJson', () => {
  class Point {
    readonly x = 1;
  }
  const cycle: Record<string, unknown> = {};
  cycle.self = { back: cycle };
  const ring: unknown[] = [];
  ring.push(ring);
  const sparse: unknown[] = [1];
  sparse[2] = 3;

  it.each<[string, unknown, string, string]>([
    ['undefined', { a: { b: undefined } }, '$.a.b', 'undefined'],
    ['undefined in an array', [1, undefined], '$[1]', 'undefined'],
    ['nothing at all', undefined, '$', 'undefined'],
    ['NaN', { a: [Number.NaN] }, '$.a[0]', 'NaN'],
    ['Infinity', { a: Number.POSITIVE_INFINITY }, '$.a', 'Infinity'],
    ['-Infinity', [Number.NEGATIVE_INFINITY], '$[0]', '-Infinity'],
    ['a date', { at: new Date(0) }, '$.at', 'Date'],
    ['a map', { m: new Map() }, '$.m', 'Map'],
    ['a set', [new Set()], '$[0]', 'Set'],
    ['a buffer', { b: Buffer.from('x') }, '$.b', 'Buffer'],
    ['a function', { f: () => 1 }, '$.f', 'function'],
    ['a toJSON method', { a: { toJSON: () => 1 } }, '$.a.toJSON', 'function'],
    ['a symbol', { 's t': Symbol('x') }, '$["s t"]', 'symbol'],
    ['a class instance', { p: new Point() }, '$.p', 'Point'],
    ['an error', { e: new Error('x') }, '$.e', 'Error'],
    ['a boxed number', { n: Object(1) }, '$.n', 'Number'],
    ['a promise', { p: Promise.resolve(1) }, '$.p', 'Promise'],
    ['a sparse array', { list: sparse }, '$.list[1]', 'undefined'],
  ])('refuse %s', (_, value, path, word) => {
    for (const run of [() => assertJson(value, 'properties'), () => stringifyJson(value)]) {
      const error = refusal(run);
      expect(error.code).toBe('INVALID_JSON');
      expect(error.details.path).toBe(path);
      expect(error.message).toContain(word);
    }
    expect(refusal(() => assertJson(value, 'properties')).details.field).toBe('properties');
  });

  it('refuse a cycle, with the beginning of its path', () => {
    expect(refusal(() => assertJson({ a: cycle }, 'x')).details.path).toMatch(/^\$\.a\.self\.back\.self\.back/);
    expect(refusal(() => stringifyJson(cycle)).details.path).toMatch(/^\$\.self\.back\.self\.back/);
    expect(refusal(() => assertJson(ring, 'x')).details.path).toMatch(/^\$\[0\]\[0\]/);
  });

  it('accept a value that stands at two places, which is no cycle', () => {
    const shared = { x: 1 };
    expect(stringifyJson({ a: shared, b: [shared, shared] })).toBe('{"a":{"x":1},"b":[{"x":1},{"x":1}]}');
  });

  it('accept a bigint, exactly, and equal to the number it is', () => {
    const value = { a: 12345678901234567890n, b: [-1n] };
    assertJson(value, 'x');
    expect(stringifyJson(value)).toBe('{"a":12345678901234567890,"b":[-1]}');
    expect(equalJson(value as unknown as Json, parseJson('{"b":[-1],"a":12345678901234567890}'))).toBe(true);
    expect(equalJson(value as unknown as Json, parseJson('{"b":[-1],"a":12345678901234567891}'))).toBe(false);
  });

  it('accept objects without prototype and keep -0', () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(stringifyJson(bare)).toBe('{"a":1}');
    expect(stringifyJson([-0, 0])).toBe('[-0,0]');
  });

  it('count depth as the parser does', () => {
    const value = JSON.parse(nested(512));
    assertJson(value, 'x');
    expect(refusal(() => assertJson([value], 'x')).message).toContain('nested deeper than 512 levels');
    expect(stringifyJson([value])).toBe(nested(513)); // what holds a document can still be written
  });

  it('refuse more than the limit, in strings, keys and items', () => {
    const limits = { maxBytes: 100, maxDepth: 512 };
    for (const value of ['x'.repeat(101), { ['k'.repeat(101)]: 1 }, Array.from({ length: 101 }, () => 1)]) {
      expect(refusal(() => assertJson(value, 'x', limits)).code).toBe('DOCUMENT_TOO_LARGE');
    }
    assertJson('x'.repeat(99), 'x', limits);
  });

  it('write the same layout with and without exact numbers', () => {
    const plain = { a: [1, { b: 'x' }], c: {}, d: [] };
    const layout = JSON.stringify(plain, null, 2);
    expect(stringifyJson(plain, 2)).toBe(layout);
    const exact = { a: [new JsonNumber('1'), { b: 'x' }], c: {}, d: [] };
    expect(stringifyJson(exact, 2)).toBe(layout);
    expect(stringifyJson(exact)).toBe(JSON.stringify(plain));
  });
});

describe('numbers', () => {
  it.each([
    ['1', '1.0'],
    ['1', '10e-1'],
    ['1e400', '10e399'],
    ['0', '-0'],
    ['0', '0e999'],
    ['0.1', '0.10'],
    ['1e+21', '1000000000000000000000'],
    ['-1.5e3', '-1500'],
    ['0.0000001', '1e-7'],
  ])('%s equals %s', (a, b) => {
    expect(canonicalNumber(new JsonNumber(a))).toBe(canonicalNumber(new JsonNumber(b)));
    expect(equalJson(parseJson(a), parseJson(b))).toBe(true);
    expect(equalJson(parseJson(`{"x":[${a}]}`), parseJson(`{"x":[${b}]}`))).toBe(true);
  });

  it.each([
    ['1', '-1'],
    ['1', '10'],
    ['9007199254740993', '9007199254740992'],
    ['1e400', '1e401'],
    ['0.1', '0.10000000000000001'],
    ['1', '1.0000000000000000000001'],
  ])('%s is not %s', (a, b) => {
    expect(equalJson(parseJson(a), parseJson(b))).toBe(false);
  });

  it('are canonical: one form for each value, whatever its spelling', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.nat(30), (digits, zeros) => {
        const shifted = `${digits}${'0'.repeat(zeros)}e-${zeros}`;
        const expected = digits === 0n ? '0' : canonicalNumber(new JsonNumber(String(digits)));
        expect(canonicalNumber(new JsonNumber(shifted))).toBe(expected);
        expect(canonicalNumber(new JsonNumber(`${digits}.${'0'.repeat(zeros + 1)}`))).toBe(expected);
      }),
    );
  });
});

describe('equalJson', () => {
  it.each<[string, unknown, unknown]>([
    ['a string and a number', '3', 3],
    ['null and absent', { a: null }, {}],
    ['null and false', null, false],
    ['an array and an object', [], {}],
    ['an object with index keys and an array', { 0: 1 }, [1]],
    ['the order of items', [1, 2], [2, 1]],
    ['a longer array', [1], [1, 1]],
    ['a key and its lack', { a: 1 }, { a: 1, b: 1 }],
    ['an inherited key', { toString: null }, { a: null }],
    ['unicode forms', '\u00e9', 'e\u0301'],
    ['a number object and an empty object', new JsonNumber('1'), {}],
    ['null and a number object', null, new JsonNumber('0')],
    ['undefined and null', undefined, null],
  ])('tells apart %s', (_, a, b) => {
    expect(equalJson(a as Json, b as Json)).toBe(false);
    expect(equalJson(b as Json, a as Json)).toBe(false);
  });

  it('does not mind the order of keys', () => {
    expect(equalJson({ a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 })).toBe(true);
    expect(equalJson(undefined, undefined)).toBe(true);
  });

  it('looks at own keys only', () => {
    expect(equalJson(parseJson('{"__proto__":1}'), parseJson('{"__proto__":2}'))).toBe(false);
    expect(equalJson(parseJson('{"__proto__":{}}'), parseJson('{"x":{}}'))).toBe(false);
    expect(equalJson(parseJson('{"__proto__":{"a":1}}'), parseJson('{"__proto__":{"a":1.0}}'))).toBe(true);
  });
});

describe('sortKeys', () => {
  it('gives equal values equal text', () => {
    expect(stringifyJson(sortKeys(parseJson('{"b":[{"d":1.0,"c":2}],"__proto__":3,"a":1e400}')))).toBe(
      '{"__proto__":3,"a":1e400,"b":[{"c":2,"d":1.0}]}',
    );
  });
});

describe('leaves and paths', () => {
  it('lists the values of a document with their paths', () => {
    const document = parseJson(
      '{"a":{"b":1.0,"c d":[1,{"x":2}]},"e":{},"f":null,"__proto__":{"g":"h"},"":{"i.j":true}}',
    );
    expect(leaves(document).map(([path, value]) => [path, stringifyJson(value)])).toEqual([
      ['$.a.b', '1.0'],
      ['$.a["c d"]', '[1,{"x":2}]'],
      ['$.e', '{}'],
      ['$.f', 'null'],
      ['$.__proto__.g', '"h"'],
      ['$[""]["i.j"]', 'true'],
    ]);
    expect(leaves(3)).toEqual([['$', 3]]);
  });

  it('quotes what is no plain word', () => {
    expect(formatPath(['a', 0, 'b-c', 'd.e', '"', '', '9', 'ünïcode', '$x', '\n'])).toBe(
      '$.a[0].b-c["d.e"]["\\""][""]["9"].ünïcode.$x["\\n"]',
    );
  });
});

describe('a number that no double holds', () => {
  const HUGE = {
    '1,001 digits': '1'.repeat(1_001),
    '1,001 digits of a fraction': `0.${'3'.repeat(999)}`,
    'a million digits': '7'.repeat(1_000_000),
    'an exponent of seven digits': '1e1000000',
    'a negative exponent of seven digits': '-2.5E-1000000',
    'a positive exponent of seven digits': '1e+9999999',
    'an exponent of a million digits': `1e${'9'.repeat(1_000_000)}`,
  };

  it.each(Object.entries(HUGE))('of %s is refused on entry, with its path', (_, number) => {
    for (const run of [
      () => parseJson(`{"a":{"b c":[0,${number}]}}`, 'state.json'),
      () => assertJson({ a: { 'b c': [0, new JsonNumber(number)] } }, 'state.json'),
    ]) {
      const error = refusal(run);
      expect(error.details).toEqual({ field: 'state.json', path: '$.a["b c"][1]' });
      expect(error.message).toMatch(/^state\.json: a number .* at \$\.a\["b c"\]\[1\]$/);
      expect(error.message.length).toBeLessThan(200);
    }
  });

  it('is accepted at the bound', () => {
    for (const number of ['1'.repeat(1_000), '-1e-999999', '1E+999999']) {
      expect(stringifyJson(parseJson(`[${number}]`))).toBe(`[${number}]`);
    }
    expect(() => assertJson([10n ** 1_000n - 1n, -(10n ** 999n) + 1n], 'x')).not.toThrow();
    expect(refusal(() => assertJson([10n ** 1_000n], 'x')).details).toEqual({ field: 'x', path: '$[0]' });
    expect(refusal(() => assertJson([-(10n ** 1_000n)], 'x')).message).toContain('$[0]');
  });

  it.each(Object.entries(HUGE))('of %s that is stored already is read and written as it is', (_, number) => {
    expect(stringifyJson(parseStoredJson(`{"a":[${number}]}`))).toBe(`{"a":[${number}]}`);
  });

  it('is compared in time that grows with its text: ten million digits', () => {
    const nines = '9'.repeat(10_000_000);
    const zeros = '0'.repeat(10_000_000);
    const same = (a: string, b: string) => equalJson(new JsonNumber(a), new JsonNumber(b));
    expect(same(`10e${nines}`, `1e1${zeros}`)).toBe(true); // the sum carries through every digit
    expect(same(`0.1e1${zeros}`, `1e${nines}`)).toBe(true); // and borrows
    expect(same(`0.1e-${nines}`, `1e-1${zeros}`)).toBe(true);
    expect(same(`10e-1${zeros}`, `1e-${nines}`)).toBe(true);
    expect(same(`1e${nines}`, `1e1${zeros}`)).toBe(false);
    expect(same(`1${zeros}1`, `1${zeros}2`)).toBe(false);
    expect(same(`1${zeros}1e0`, `1${zeros}1.0`)).toBe(true);
    expect(same(`0e${nines}`, `-0.${zeros}`)).toBe(true);
    expect(same(`1.${zeros}e-${zeros}`, '1')).toBe(true);
  });

  it('has one canonical form, whatever the size of its exponent', () => {
    const exponents = fc.tuple(
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
      fc.constantFrom(0n, 10n ** 15n, -(10n ** 15n), 10n ** 16n, -(10n ** 16n), 10n ** 30n, -(10n ** 30n)),
      fc.boolean(),
    );
    fc.assert(
      fc.property(exponents, fc.nat(40), ([any, near, useNear], zeros) => {
        const exponent = useNear ? near : any;
        const plain = canonicalNumber(new JsonNumber(`7e${exponent}`));
        expect(plain).toBe(`7e${exponent}`);
        expect(canonicalNumber(new JsonNumber(`7${'0'.repeat(zeros)}e${exponent - BigInt(zeros)}`))).toBe(plain);
        expect(canonicalNumber(new JsonNumber(`0.${'0'.repeat(zeros)}7e${exponent + BigInt(zeros + 1)}`))).toBe(plain);
      }),
    );
  });
});

describe('the paths of a document', () => {
  const below = (levels: number, key: string, inner: Json): Json =>
    levels === 0 ? inner : { [key]: below(levels - 1, key, inner) };

  it('are at most 8 KiB long, and the message names the beginning', () => {
    expect(() => assertJson({ [`k${'x'.repeat(8_000)}`]: 1 }, 'x')).not.toThrow();
    for (const document of [{ [`k${'x'.repeat(1_000_000)}`]: 1 }, below(100, 'x'.repeat(100), 1)]) {
      const error = refusal(() => assertJson(document, 'x'));
      expect(error.message).toContain('longer than 8192');
      expect(error.message.length).toBeLessThan(600);
    }
  });

  it('are at most 256 MiB together: each is written out wherever documents are compared', () => {
    const leaves = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, 1]));
    expect(() => assertJson(below(4, 'x'.repeat(1_000), leaves), 'x')).not.toThrow();
    expect(refusal(() => assertJson(below(5, 'x'.repeat(1_000), leaves), 'x')).message).toContain('268435456');
  });

  it('may be anything in what is stored already', () => {
    const text = `{"${'x'.repeat(1_000_000)}":1}`;
    expect(stringifyJson(parseStoredJson(text))).toBe(text);
  });
});

describe('parseJson of a text that costs more than its length', () => {
  const size = 8 * 1024 * 1024;
  it.each([
    ['blanks', `{${' '.repeat(size)}}`],
    ['lines', `[${'\n'.repeat(size)}]`],
    ['open lists', '['.repeat(size)],
    ['lists in lists', nested(size / 2)],
    ['objects in objects', '{"a":'.repeat(size / 5)],
    ['an open text', `["${'\\"'.repeat(size / 2)}`],
    ['escapes', `["${'\\u0041'.repeat(size / 6)}\\x"]`],
    ['commas', `[${','.repeat(size)}]`],
    ['digits', `[${'9'.repeat(size)}]`],
    ['a long key twice', `{"${'k'.repeat(size / 2)}":1,"${'k'.repeat(size / 2)}":2}`],
  ])('%s: it is read, or refused with a line', (_, text) => {
    let message = '';
    try {
      parseJson(text);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      message = (error as Error).message;
    }
    expect(message.length).toBeLessThan(300);
  });

  it('a text that nests too deep is refused where it does, whatever follows', () => {
    const error = refusal(() => parseJson(`${'['.repeat(513)} no JSON`));
    expect(error.message).toContain('nested deeper than 512 levels');
  });
});
