import fc from 'fast-check';

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength });

const whole = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.constantFrom(...'123456789'), digits(0, 30)).map(([first, rest]) => first + rest),
);
const fraction = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: digits(1, 30).map((text) => `.${text}`) },
);
const exponent = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-', 'E-'), digits(1, 4)).map((all) => all.join('')),
  },
);

/** Every spelling of a number that JSON's grammar allows (RFC 8259 §6). */
export const numberText = fc.tuple(fc.constantFrom('', '-'), whole, fraction, exponent).map((parts) => parts.join(''));

const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'a.b',
    'a"b',
    'a b',
    '',
    '0',
    '17',
    '\u0000proto',
    'id',
    'name',
  ),
);

/** Strings of UTF-16 units, including lone surrogates, NUL and markers of libraries. */
const anyString = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('\u0000number:1', '\u0000', '1e400', ':1e5', ',12345678901234567890]'),
);

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n');

/** Texts of JSON documents: any number spelling, any key, any string, white space in between, no duplicate key. */
export const jsonText = fc.letrec<{ value: string; list: string; record: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    numberText,
    anyString.map((text) => JSON.stringify(text)),
    fc.constantFrom('null', 'true', 'false'),
    tie('list'),
    tie('record'),
  ),
  list: fc
    .tuple(space, fc.array(fc.tuple(tie('value'), space), { maxLength: 5 }))
    .map(([before, items]) => `[${before}${items.map(([item, after]) => item + after).join(',')}]`),
  record: fc
    .tuple(space, fc.uniqueArray(fc.tuple(key, tie('value'), space), { maxLength: 5, selector: ([name]) => name }))
    .map(
      ([before, items]) =>
        `{${before}${items.map(([name, item, after]) => `${JSON.stringify(name)}:${after}${item}${after}`).join(',')}}`,
    ),
})).value;
