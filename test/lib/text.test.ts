import { describe, expect, it } from 'vitest';
import { invisibleIn, name, prose } from '../../src/lib/text.js';

const problems = (schema: ReturnType<typeof name>, text: unknown): string[] => {
  const result = schema.safeParse(text);
  return result.success ? [] : result.error.issues.map(({ message }) => message);
};

const controls = [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index)].map((code) =>
  String.fromCharCode(code),
);
const layout = ['\t', '\n', '\r'];

describe('a name', () => {
  it.each([
    'a',
    'stack-123',
    'Ünï cödé',
    '😀',
    'a/b:c@d',
    '__proto__',
    '-',
    '\u200d',
    'x'.repeat(255),
    'é'.repeat(127),
  ])('may be %j', (text) => {
    expect(name().parse(text)).toBe(text);
  });

  it('is not empty', () => {
    expect(problems(name(), '')).toContain('must not be empty');
  });

  it.each([
    ['ASCII', 'x', 256],
    ['two bytes each', 'é', 128],
    ['three bytes each', '漢', 86],
    ['four bytes each', '😀', 64],
  ])('is at most 255 bytes of UTF-8: %s', (_, character, count) => {
    expect(problems(name(), character.repeat(count))).toEqual(['must not be longer than 255 bytes']);
    expect(problems(name(), character.repeat(count - 1))).toEqual([]);
  });

  it('has the limit it is given', () => {
    expect(problems(name(4), 'abcd')).toEqual([]);
    expect(problems(name(4), 'abcde')).toEqual(['must not be longer than 4 bytes']);
  });

  it('holds no control character: C0, DEL, C1', () => {
    expect(controls).toHaveLength(65);
    for (const control of controls) {
      expect(problems(name(), `a${control}b`), JSON.stringify(control)).toEqual(['must not hold control characters']);
    }
    expect(problems(name(), 'a\u00a0b~\u007e')).toEqual([]);
  });

  it.each(['\ud800', 'a\udc00', '\ude00\ud83d', 'x\ud83dy'])('holds no lone surrogate: %j', (text) => {
    expect(problems(name(), text)).toEqual(['must be well-formed Unicode']);
  });

  it.each([' a', 'a ', '\u00a0a', 'a\u3000', '\ufeffa', 'a\u2028', ' '])('has no outer blank: %j', (text) => {
    expect(problems(name(), text)).toEqual(['must not begin or end with white space']);
  });

  it.each([undefined, null, 1, true, ['a'], { a: 1 }])('is text, not %j', (value) => {
    expect(problems(name(), value)).not.toEqual([]);
  });
});

describe('by which one name passes for another', () => {
  it('are invisible characters, and every blank but the space', () => {
    const blanks = Array.from({ length: 0x11_0000 }, (_, code) => String.fromCodePoint(code)).filter((character) =>
      /\p{Zs}/u.test(character),
    );
    expect(blanks.length).toBeGreaterThan(15);
    for (const blank of blanks) {
      const code = `U+${blank.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
      expect(invisibleIn(`a${blank}b`)).toBe(blank === ' ' ? undefined : code);
    }
    expect(invisibleIn('a\u2800')).toBe('U+2800');
    expect(invisibleIn('a\u{1d159}')).toBe('U+1D159');
    expect(invisibleIn('a b-\u28ff \u6f22 \u00e9')).toBeUndefined();
  });
});

describe('prose', () => {
  it.each(['', ' ', 'two\nlines', 'a\tb\r\n', ' outer blanks ', '😀', 'x'.repeat(65_536)])('may be %j', (text) => {
    expect(prose().parse(text)).toBe(text);
  });

  it('is at most 64 KiB of UTF-8, or what it is given', () => {
    expect(problems(prose(), 'x'.repeat(65_537))).toEqual(['must not be longer than 65536 bytes']);
    expect(problems(prose(), 'é'.repeat(32_769))).toEqual(['must not be longer than 65536 bytes']);
    expect(problems(prose(3), 'é')).toEqual([]);
    expect(problems(prose(3), 'éé')).toEqual(['must not be longer than 3 bytes']);
  });

  it('holds tabs and line breaks and no other control character', () => {
    for (const control of controls) {
      const expected = layout.includes(control) ? [] : ['must not hold control characters'];
      expect(problems(prose(), `a${control}b`), JSON.stringify(control)).toEqual(expected);
    }
  });

  it('holds no lone surrogate', () => {
    expect(problems(prose(), 'a\ud800')).toEqual(['must be well-formed Unicode']);
  });
});
