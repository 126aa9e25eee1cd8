import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalJson, type Json, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { type FieldChange, fieldChanges } from '../../src/lib/json-diff.js';
import { jsonText } from '../support/json-arbitraries.js';
import { fieldChangesByLibrary } from '../support/json-diff-reference.js';

/** The changes between two texts, as the text they are written in: numbers keep their spelling. */
const changes = (before: string, after: string): string =>
  stringifyJson(fieldChanges(parseJson(before), parseJson(after)));

const paths = (before: Json, after: Json): string[] => fieldChanges(before, after).map(({ path }) => path);

describe('fieldChanges', () => {
  it.each([
    ['a changed field', '{"a":1,"b":2}', '{"a":1,"b":3}', '[{"path":"$.b","before":2,"after":3}]'],
    ['a new field', '{}', '{"a":1}', '[{"path":"$.a","after":1}]'],
    ['a field gone', '{"a":1}', '{}', '[{"path":"$.a","before":1}]'],
    ['a nested field', '{"a":{"b":{"c":1}}}', '{"a":{"b":{"c":2}}}', '[{"path":"$.a.b.c","before":1,"after":2}]'],
    ['null against absent', '{"a":null}', '{}', '[{"path":"$.a","before":null}]'],
    ['absent against null', '{}', '{"a":null}', '[{"path":"$.a","after":null}]'],
    ['null against a value', '{"a":null}', '{"a":{}}', '[{"path":"$.a","before":null,"after":{}}]'],
    ['a string against a number', '{"a":"3"}', '{"a":3}', '[{"path":"$.a","before":"3","after":3}]'],
    ['a text against true', '{"a":"true"}', '{"a":true}', '[{"path":"$.a","before":"true","after":true}]'],
    ['a text against null', '{"a":"null"}', '{"a":null}', '[{"path":"$.a","before":"null","after":null}]'],
    ['true against 1', '{"a":true}', '{"a":1}', '[{"path":"$.a","before":true,"after":1}]'],
    ['an object against an array', '{"a":{}}', '{"a":[]}', '[{"path":"$.a","before":{},"after":[]}]'],
    ['an object against a string', '{"a":{"b":1}}', '{"a":"x"}', '[{"path":"$.a","before":{"b":1},"after":"x"}]'],
    ['an object against a big number', '{"a":{}}', '{"a":1e400}', '[{"path":"$.a","before":{},"after":1e400}]'],
    [
      'big numbers',
      '{"a":9007199254740993}',
      '{"a":9007199254740992}',
      '[{"path":"$.a","before":9007199254740993,"after":9007199254740992}]',
    ],
    ['numbers beyond a double', '{"a":1e400}', '{"a":1e401}', '[{"path":"$.a","before":1e400,"after":1e401}]'],
    ['a number as it is written', '{"a":1.0}', '{"a":2.50}', '[{"path":"$.a","before":1.0,"after":2.50}]'],
    [
      'unicode forms',
      '{"\\u00e9":1}',
      '{"e\\u0301":1}',
      '[{"path":"$.é","before":1},{"path":"$[\\"e\u0301\\"]","after":1}]',
    ],
    ['roots of two types', '[1]', '{"a":1}', '[{"path":"$","before":[1],"after":{"a":1}}]'],
    ['plain roots', '1', '2', '[{"path":"$","before":1,"after":2}]'],
  ])('finds %s', (_, before, after, expected) => {
    expect(changes(before, after)).toBe(expected);
  });

  it.each([
    ['the order of keys', '{"a":1,"b":{"c":1,"d":2}}', '{"b":{"d":2,"c":1},"a":1}'],
    ['the spelling of numbers', '{"a":1.0,"b":[1e400,10],"c":-0}', '{"a":1,"b":[10e399,1e1],"c":0}'],
    ['the spelling of strings', '{"a":"\\u0041"}', '{"a":"A"}'],
  ])('does not mind %s', (_, before, after) => {
    expect(changes(before, after)).toBe('[]');
    // Nor beside a real change.
    expect(changes(`{"x":1,"y":${before}}`, `{"x":2,"y":${after}}`)).toBe('[{"path":"$.x","before":1,"after":2}]');
  });

  it('gives the changes in order of path', () => {
    expect(paths({ b: 1, a: { d: 1, c: 1 }, z: 1 }, { z: 2, a: { c: 2, d: 2 }, b: 2 })).toEqual([
      '$.a.c',
      '$.a.d',
      '$.b',
      '$.z',
    ]);
  });

  it('takes a missing document for one without fields', () => {
    expect(fieldChanges(undefined, { a: 1 })).toEqual([{ path: '$', after: { a: 1 } }]);
    expect(fieldChanges({ a: 1 }, undefined)).toEqual([{ path: '$', before: { a: 1 } }]);
    expect(fieldChanges(undefined, undefined)).toEqual([]);
  });
});

describe('keys of any kind', () => {
  it.each([
    ['a.b', '$["a.b"]'],
    ['a b', '$["a b"]'],
    ['"', '$["\\""]'],
    ["'", '$["\'"]'],
    ['\\', '$["\\\\"]'],
    ['', '$[""]'],
    ['0', '$["0"]'],
    ['$index', '$.$index'],
    ['a-b', '$.a-b'],
    ['[0]', '$["[0]"]'],
    ['__proto__', '$.__proto__'],
    ['\u0000proto', '$["\\u0000proto"]'],
    ['constructor', '$.constructor'],
    ['toString', '$.toString'],
    ['length', '$.length'],
    ['ключ', '$.ключ'],
  ])('%j is a field like any other', (key, path) => {
    const at = (value: string): string => `{${JSON.stringify(key)}:${value}}`;
    const quoted = JSON.stringify(path);
    expect(changes(at('1'), at('2'))).toBe(`[{"path":${quoted},"before":1,"after":2}]`);
    expect(changes('{}', at('{"x":1.0}'))).toBe(`[{"path":${quoted},"after":{"x":1.0}}]`);
    expect(changes(at('null'), '{}')).toBe(`[{"path":${quoted},"before":null}]`);
    expect(changes(at('{"x":1}'), at('{"x":2}'))).toBe(
      `[{"path":${JSON.stringify(`${path}.x`)},"before":1,"after":2}]`,
    );
    expect(changes(`[${at('1')}]`, `[${at('1.0')}]`)).toBe('[]');
  });

  it('are kept inside the values that are shown', () => {
    expect(changes('{}', '{"a":[{"__proto__":{"b":1e400}}]}')).toBe(
      '[{"path":"$.a","after":[{"__proto__":{"b":1e400}}]}]',
    );
  });

  it('with dots do not mix with nested ones', () => {
    expect(changes('{"a.b":1,"a":{"b":1}}', '{"a.b":2,"a":{"b":3}}')).toBe(
      '[{"path":"$.a.b","before":1,"after":3},{"path":"$[\\"a.b\\"]","before":1,"after":2}]',
    );
    // One of them is a list with identities, the other is not.
    expect(
      paths({ 'a.b': [{ id: 'x', v: 1 }], a: { b: [1, 2] } }, { 'a.b': [{ id: 'x', v: 2 }], a: { b: [3, 4] } }),
    ).toEqual(['$.a.b[0]', '$.a.b[1]', '$["a.b"][?(@.id=="x")].v']);
  });
});

describe('strings of any kind', () => {
  it.each([
    '\u0000number:1',
    '\u0000number:1e400:evil',
    '\u0000number:1:0,"x":[',
    '\u0000',
    '\ud800',
    '$',
    '__proto__',
  ])('%j stays a string', (text) => {
    expect(fieldChanges({ a: text }, { a: 1 })).toEqual([{ path: '$.a', before: text, after: 1 }]);
    expect(fieldChanges({}, { a: [text, { b: text }] })).toEqual([{ path: '$.a', after: [text, { b: text }] }]);
  });
});

describe('lists', () => {
  it.each(['id', 'key', 'name'])('match items by their %s', (field) => {
    const before = [
      { [field]: 'a', port: 1 },
      { [field]: 'b', port: 2 },
    ];
    const after = [
      { [field]: 'c', port: 3 },
      { [field]: 'b', port: 9 },
    ];
    expect(fieldChanges({ rules: before }, { rules: after })).toEqual([
      { path: `$.rules[?(@.${field}=="a")]`, before: before[0] },
      { path: `$.rules[?(@.${field}=="b")].port`, before: 2, after: 9 },
      { path: `$.rules[?(@.${field}=="c")]`, after: after[0] },
    ]);
  });

  it('prefer the clearest identity that all items have', () => {
    const item = (id: string, name: string, v: number) => ({ id, name, v });
    expect(paths({ l: [item('1', 'x', 1)] }, { l: [item('1', 'x', 2)] })).toEqual(['$.l[?(@.id=="1")].v']);
    expect(paths({ l: [item('1', 'x', 1), { name: 'y' }] }, { l: [item('1', 'x', 2), { name: 'y' }] })).toEqual([
      '$.l[?(@.name=="x")].v',
    ]);
  });

  it.each<[string, Json[], Json[]]>([
    [
      'an identity stands twice',
      [
        { id: 'a', v: 1 },
        { id: 'a', v: 2 },
      ],
      [
        { id: 'a', v: 1 },
        { id: 'a', v: 3 },
      ],
    ],
    [
      'an identity is no text',
      [
        { id: 1, v: 0 },
        { id: 2, v: 1 },
      ],
      [
        { id: 1, v: 0 },
        { id: 2, v: 2 },
      ],
    ],
    ['one item has none', [{ id: 'a', v: 1 }, { v: 2 }], [{ id: 'a', v: 1 }, { v: 3 }]],
    ['one item is plain', ['x', { v: 2 }], ['x', { v: 3 }]],
    ['the identity is inherited', [{ v: 0 }, { v: 2 }], [{ v: 0 }, { v: 3 }]],
  ])('match items by index where %s', (_, before, after) => {
    expect(paths({ l: before }, { l: after })).toEqual(['$.l[1].v']);
  });

  it('match items by index where they are plain', () => {
    expect(fieldChanges({ l: [1, 2, 3] }, { l: [1, 3] })).toEqual([
      { path: '$.l[1]', before: 2, after: 3 },
      { path: '$.l[2]', before: 3 },
    ]);
    expect(paths({ l: [[1], [2, 3]] }, { l: [[1], [2, 4]] })).toEqual(['$.l[1][1]']);
    expect(fieldChanges({ l: [] }, { l: [{ id: 'a' }] })).toEqual([{ path: '$.l[0]', after: { id: 'a' } }]);
    expect(fieldChanges({ l: [null] }, { l: [] })).toEqual([{ path: '$.l[0]', before: null }]);
  });

  it('show a new order alone by index, and not beside a change of the same list', () => {
    const [a, b] = [
      { id: 'a', v: 1 },
      { id: 'b', v: 1 },
    ];
    expect(paths({ l: [a, b] }, { l: [b, a] })).toEqual(['$.l[0].id', '$.l[1].id']);
    expect(paths({ l: [a, b] }, { l: [b, { ...a, v: 2 }] })).toEqual(['$.l[?(@.id=="a")].v']);
    expect(paths({ l: [a, b], x: 1 }, { l: [b, a], x: 2 })).toEqual(['$.l[0].id', '$.l[1].id', '$.x']);
  });

  it('inside items are matched too, each list by its own items', () => {
    const group = (id: string, rules: Json) => ({ id, rules });
    expect(
      fieldChanges(
        { g: [group('x', [{ name: 'r', p: 1 }]), group('y', [1, 2])] },
        { g: [group('y', [3, 4]), group('x', [{ name: 's' }, { name: 'r', p: 2 }])] },
      ),
    ).toEqual([
      { path: '$.g[?(@.id=="x")].rules[?(@.name=="r")].p', before: 1, after: 2 },
      { path: '$.g[?(@.id=="x")].rules[?(@.name=="s")]', after: { name: 's' } },
      { path: '$.g[?(@.id=="y")].rules[0]', before: 1, after: 3 },
      { path: '$.g[?(@.id=="y")].rules[1]', before: 2, after: 4 },
    ]);
  });

  it.each(['__proto__', 'constructor', 'a.b', 'x"]', ' ', '', '\ud800', '$index'])('take %j as an identity', (id) => {
    const named = (v: number) => ({
      l: [
        { id, v },
        { id: 'other', v: 0 },
      ],
    });
    const path = `$.l[?(@.id==${JSON.stringify(id)})]`;
    expect(fieldChanges(named(1), named(2))).toEqual([{ path: `${path}.v`, before: 1, after: 2 }]);
    expect(fieldChanges(named(1), { l: [{ id: 'other', v: 0 }] })).toEqual([{ path, before: { id, v: 1 } }]);
  });

  it('of 20,000 items with identities are compared in one pass', () => {
    const list = (v: number) =>
      Array.from({ length: 20_000 }, (_, index) => ({ id: `i${index}`, v: index === 19_999 ? v : 0 }));
    const start = performance.now();
    expect(paths({ l: list(1) }, { l: list(2).reverse() })).toEqual(['$.l[?(@.id=="i19999")].v']);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('for any two documents', () => {
  const object = jsonText.map((text) => parseJson(`{"root":${text}}`) as JsonObject);
  /** Two documents that share much: the second is the first with some values exchanged. */
  const pair = fc.tuple(object, object, fc.nat(3)).map(([a, b, how]): [Json, Json] => {
    if (how === 0) return [a, parseJson(stringifyJson(a))];
    return how === 1
      ? [a, b]
      : [
          { ...a, ...b, x: a.root as Json },
          { ...b, ...a, x: a.root as Json },
        ];
  });
  const identity = fc.record({ id: fc.constantFrom('a', 'b', '__proto__'), v: fc.nat(2) });
  const lists = fc.record({
    l: fc.array(fc.oneof(identity, fc.nat(2), fc.record({ l: fc.array(identity, { maxLength: 3 }) })), {
      maxLength: 3,
    }),
  });

  /** Lists with identities in lists with identities, in any order. */
  const nested = fc
    .letrec<{ list: Json }>((tie) => ({
      list: fc.uniqueArray(
        fc.record({ name: fc.constantFrom('a', 'b', 'c'), v: fc.oneof({ maxDepth: 4 }, fc.nat(1), tie('list')) }),
        { maxLength: 3, selector: ({ name }) => name },
      ) as never,
    }))
    .list.map((list): JsonObject => ({ list }));

  it('there is a change exactly where they are not equal', () => {
    for (const documents of [pair, fc.tuple(lists, lists)]) {
      fc.assert(
        fc.property(documents, ([a, b]) => {
          expect(fieldChanges(a, b).length === 0).toBe(equalJson(a, b));
        }),
        { numRuns: 1_000 },
      );
    }
  });

  it('json-diff-ts finds the same', () => {
    for (const documents of [pair, fc.tuple(lists, lists), fc.tuple(nested, nested)]) {
      fc.assert(
        fc.property(documents, ([a, b]) => {
          expect(stringifyJson(fieldChanges(a, b))).toBe(stringifyJson(fieldChangesByLibrary(a, b)));
        }),
        { numRuns: 1_000, seed: 22 },
      );
    }
  });

  it('every change names a path once, with sides that differ', () => {
    fc.assert(
      fc.property(fc.oneof(pair, fc.tuple(lists, lists)), ([a, b]) => {
        const found = fieldChanges(a, b);
        expect(new Set(found.map(({ path }) => path)).size).toBe(found.length);
        for (const { before, after } of found) expect(equalJson(before, after)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('the other way round has the same paths with the sides exchanged', () => {
    const swapped = ({ path, before, after }: FieldChange): FieldChange => ({
      path,
      ...(after === undefined ? {} : { before: after }),
      ...(before === undefined ? {} : { after: before }),
    });
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(stringifyJson(fieldChanges(b, a))).toBe(stringifyJson(fieldChanges(a, b).map(swapped)));
      }),
      { numRuns: 1_000 },
    );
  });
});
