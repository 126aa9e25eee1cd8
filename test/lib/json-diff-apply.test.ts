import { describe, expect, it } from 'vitest';
import { parseJson, stringifyJson } from '../../src/lib/json.js';
import { fieldChanges } from '../../src/lib/json-diff.js';
import { applyChanges } from '../../src/lib/json-diff-apply.js';

/** The document with those changes between the two that have one of the paths; all of them without paths. */
function applied(before: string, after: string, paths?: readonly string[]): string | undefined {
  const changes = fieldChanges(parseJson(before), parseJson(after));
  for (const path of paths ?? []) expect(changes.map((change) => change.path)).toContain(path);
  const result = applyChanges(parseJson(before), paths ? changes.filter(({ path }) => paths.includes(path)) : changes);
  return result === undefined ? undefined : stringifyJson(result);
}

// That all changes of two documents give the second is a property: test/properties/diff.test.ts.
describe('changes made to a document', () => {
  it.each([
    ['numbers as they are written', '{"a":1,"b":2.0}', '{"a":1e400,"b":2.0}', '{"a":1e400,"b":2.0}'],
    ['__proto__', '{"__proto__":{"a":1}}', '{"__proto__":{"b":2}}', '{"__proto__":{"b":2}}'],
    ['more than ten items', '{"l":[0]}', '{"l":[0,1,2,3,4,5,6,7,8,9,10,11]}', '{"l":[0,1,2,3,4,5,6,7,8,9,10,11]}'],
    [
      'items that change places',
      '{"l":[{"id":"a"},{"id":"b"}]}',
      '{"l":[{"id":"b"},{"id":"a"}]}',
      '{"l":[{"id":"b"},{"id":"a"}]}',
    ],
    [
      'new items by identity, last',
      '{"l":[{"id":"b"}]}',
      '{"l":[{"id":"a"},{"id":"b"}]}',
      '{"l":[{"id":"b"},{"id":"a"}]}',
    ],
    ['the whole', '[1]', '{"a":1}', '{"a":1}'],
    ['null', '{"a":1,"b":1}', '{"a":null,"b":1}', '{"a":null,"b":1}'],
  ])('keep %s', (_, before, after, expected) => {
    expect(applied(before, after)).toBe(expected);
  });

  it('take a document away, and give one where there was none', () => {
    expect(applyChanges({ a: 1 }, [{ path: '$', before: { a: 1 } }])).toBeUndefined();
    expect(applyChanges(undefined, [{ path: '$', after: { a: 1 } }])).toEqual({ a: 1 });
    expect(applyChanges({ a: 1 }, [])).toEqual({ a: 1 });
  });

  it('leave the document they are made to as it is', () => {
    const document = { a: { b: [1, { c: 2 }] } };
    expect(applyChanges(document, fieldChanges(document, { a: { b: [2] } }))).toEqual({ a: { b: [2] } });
    expect(document).toEqual({ a: { b: [1, { c: 2 }] } });
  });

  it.each<[what: string, before: string, after: string, paths: string[], expected: string]>([
    ['one field of two', '{"a":1,"b":1}', '{"a":2,"b":2}', ['$.b'], '{"a":1,"b":2}'],
    [
      'one of a keyed item',
      '{"l":[{"id":"a","p":1,"q":1}]}',
      '{"l":[{"id":"a","p":2,"q":2}]}',
      ['$.l[?(@.id=="a")].q'],
      '{"l":[{"id":"a","p":1,"q":2}]}',
    ],
    [
      'a keyed item gone, another not new',
      '{"l":[{"id":"a"},{"id":"b"}]}',
      '{"l":[{"id":"b"},{"id":"c"}]}',
      ['$.l[?(@.id=="a")]'],
      '{"l":[{"id":"b"}]}',
    ],
    ['an item gone from the middle: the list closes up', '{"l":[1,2,3]}', '{"l":[1]}', ['$.l[1]'], '{"l":[1,3]}'],
    ['a later item new, the one before it not', '{"l":[1]}', '{"l":[1,2,3]}', ['$.l[2]'], '{"l":[1,3]}'],
  ])('one by one: %s', (_, before, after, paths, expected) => {
    expect(applied(before, after, paths)).toBe(expected);
  });

  it.each([
    ['a field of a list', { a: [] }, '$.a.b'],
    ['an item of an object', { a: {} }, '$.a[0]'],
    ['a keyed item of a text', { a: 'x' }, '$.a[?(@.id=="x")]'],
    ['a field of nothing', {}, '$.a.b'],
  ])('are refused where they do not fit: %s', (_, document, path) => {
    expect(() => applyChanges(document, [{ path, after: 1 }])).toThrow(
      expect.objectContaining({ code: 'CHANGES_DO_NOT_FIT', details: { path } }),
    );
  });

  it('leave items without the identity that is asked for alone', () => {
    const list = ['undefined', null, { id: 1 }, { id: 'a' }];
    expect(applyChanges(list, [{ path: '$[?(@.id=="undefined")]', after: { id: 'undefined' } }])).toEqual([
      ...list,
      { id: 'undefined' },
    ]);
  });
});
