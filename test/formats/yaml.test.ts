import { describe, expect, test } from 'vitest';
import { readDocument } from '../../src/formats/document-file.js';
import { InvalidInputError } from '../../src/lib/errors.js';
import { stringifyJson } from '../../src/lib/json.js';

const read = (text: string) => readDocument(Buffer.from(text), 'body');

function refusal(text: string): InvalidInputError {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error as InvalidInputError;
  }
  throw new Error('it was accepted');
}

/** So many characters of what is repeated. */
const SIZE = 512 * 1024;
const repeat = (text: string, size = SIZE): string => text.repeat(Math.ceil(size / text.length));
const lines = (line: (index: number) => string): string => {
  const all: string[] = [];
  for (let size = 0; size < SIZE; size += all.at(-1)?.length ?? 0) all.push(line(all.length));
  return all.join('');
};

describe('YAML as JSON', () => {
  test.each([
    ['', 'null'],
    [
      'a: 1.0\nb: 0x1f\nc: 1e400\nd: 12345678901234567890\ne: -0',
      '{"a":1.0,"b":31,"c":1e400,"d":12345678901234567890,"e":-0}',
    ],
    ['a: &x {k: 1}\nb: *x', '{"a":{"k":1},"b":{"k":1}}'],
    ['- &a x\n- &a y\n- *a', '["x","y","y"]'],
    ['&a [ &a x, *a ]', '["x","x"]'],
    ['a: &x {k: 1, l: 2}\nb: {k: 3, <<: *x}', '{"a":{"k":1,"l":2},"b":{"k":3,"l":2}}'],
    ['b: {<<: [{p: 1}, {p: 2, q: 3}], q: 4}', '{"b":{"p":1,"q":4}}'],
    ['"<<": {a: 1}', '{"<<":{"a":1}}'],
    ['__proto__: {x: 1}', '{"__proto__":{"x":1}}'],
    ['a: !!str 1\nb: !!pairs [c: 2]', '{"a":"1","b":[{"c":2}]}'],
    ['%YAML 1.1\n---\na: yes\nb: 0777', '{"a":true,"b":511}'],
  ])('%j is %s', (text, json) => expect(stringifyJson(read(text))).toBe(json));

  test.each([
    ['a: 1\nb:\n  c: 2\n  c: 3', 4, 3, 'occurs twice'],
    ['&k a: 1\n*k : 2', 2, 1, 'occurs twice'],
    ['a: *x', 1, 4, 'no anchor'],
    ['a: &x [*x]', 1, 8, 'own anchor'],
    ['1: a', 1, 1, 'not text'],
    ['? [a]\n: b', 1, 3, 'not text'],
    ['a: .inf', 1, 4, 'not a JSON number'],
    ['a: !!set {x}', 1, 10, 'tag'],
    ['a: !!binary aGk=', 1, 13, 'tag'],
    ['a: !thing x', 1, 4, 'tag'],
    ['<<: 1', 1, 1, 'merge'],
    ['--- 1\n--- 2', 2, 1, 'second document'],
    ['a: [1, 2', 1, 9, 'missing'],
    ['a: "x', 1, 6, 'missing'],
    ['a:\n\t- x', 2, 1, 'tab'],
    ['- }', 1, 3, 'unexpected'],
  ])('%j is refused at line %i, column %i: %s', (text, line, column, problem) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'INVALID_YAML', details: { field: 'body', line, column } });
    expect(error.message).toContain(problem);
  });

  test('an error repeats no more than the beginning of a long key', () => {
    const key = 'k'.repeat(1000);
    expect(refusal(`${key}: 1\n${key}: 2`).message.length).toBeLessThan(300);
    expect(refusal(`? ${repeat('9', 4000)}\n: 1`).message.length).toBeLessThan(300);
  });
});

describe('YAML that would cost more than its length', () => {
  test.each<[string, string, RegExp]>([
    ['keys of one map', lines((n) => `k${n}: 1\n`), /^$/],
    ['keys of one map between brackets', `{${lines((n) => `k${n}: 1, `)}}`, /^$/],
    ['anchors and aliases', lines((n) => `- &a${n} x\n- *a${n}\n`), /^$/],
    ['one alias', `a: &a x\nb:\n${repeat('- *a\n')}`, /^$/],
    ['aliases of nothing', repeat('- *a\n'), /no anchor/],
    ['merges', `a: &a {x: 1}\nb:\n  <<: [${repeat('*a, ')}]`, /^$/],
    ['commas', `[${repeat(',')}`, /unexpected/],
    ['closing brackets', repeat('}\n'), /unexpected/],
    ['lists in lists', repeat('['), /512 levels/],
    ['maps in maps', repeat('{a: '), /512 levels/],
    ['blocks in blocks', repeat('- '), /512 levels/],
    ['keys in keys', repeat('? '), /512 levels/],
    ['documents', repeat('---\n'), /second document/],
    ['comments', repeat('#\n'), /^$/],
    ['escapes', `"${repeat('\\u0041')}"`, /^$/],
    ['directives', repeat('%X\n'), /./],
  ])('%s: it is read or refused with a line', (_, text, problem) => {
    let message = '';
    try {
      read(text);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      message = (error as Error).message;
    }
    expect(message).toMatch(problem);
    expect(message.length).toBeLessThan(300);
  });

  test.each([
    [
      'lists',
      (n: number) =>
        `a${n}: &a${n} [${Array(9)
          .fill(n === 0 ? 'lol' : `*a${n - 1}`)
          .join(', ')}]\n`,
    ],
    [
      'maps',
      (n: number) =>
        `a${n}: &a${n} {${'abcdefghi'.replace(/./g, (key) => `${key}: ${n === 0 ? 'lol' : `*a${n - 1}`}, `)}}\n`,
    ],
  ])('aliases of aliases in %s: refused', (_, line) => {
    const bomb = Array.from({ length: 20 }, (_, n) => line(n)).join('');
    expect(refusal(bomb)).toMatchObject({ code: 'INVALID_YAML', details: { field: 'body' } });
    expect(refusal(bomb).message).toContain('aliases repeat');
  });
});
