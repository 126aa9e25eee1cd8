import { describe, expect, test } from 'vitest';
import { type Place, resolver } from '../../src/formats/pulumi/places.js';
import { isSensitive } from '../../src/index.js';
import { type Json, type JsonObject, leaves } from '../../src/lib/json.js';
import { fieldChanges } from '../../src/lib/json-diff.js';
import { applyChanges } from '../../src/lib/json-diff-apply.js';

const SMALL = 4_000;
const LARGE = 40_000;

/**
 * How much longer something takes once with ten times as much than ten times: about once where it is linear, ten times where
 * it is quadratic. Both leave as much in memory. The shortest of some times is taken, as what else the machine does only
 * adds to one.
 */
function growth<T>(
  prepare: (size: number) => T,
  run: (prepared: T) => unknown,
  [small, large] = [SMALL, LARGE],
): number {
  const [few, many] = [prepare(small), prepare(large)];
  const shortest = (times: number, prepared: T): number => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round += 1) {
      const begin = performance.now();
      const results = Array.from({ length: times }, () => run(prepared));
      best = Math.min(best, performance.now() - begin);
      results.length = 0;
    }
    return best;
  };
  return shortest(1, many) / shortest(large / small, few);
}

const MOST = 4;

const numbers = (count: number, first: number): number[] => Array.from({ length: count }, (_, index) => first + index);
const fields = (count: number, first: number) =>
  Object.fromEntries(numbers(count, first).map((value, index) => [`key${index}`, value]));
const items = (count: number, first: number) => numbers(count, first).map((v, index) => ({ id: `i${index}`, v }));

/** A value inside so many objects. */
const inObjects = (levels: number, value: Json): Json => (levels === 0 ? value : inObjects(levels - 1, { a: value }));
/** A value inside so many lists of items that have an identity. */
const inItems = (levels: number, value: Json): Json =>
  levels === 0 ? value : inItems(levels - 1, [{ id: 'x', a: value }]);

const DOCUMENTS: Record<string, (count: number, first: number) => Json> = {
  'a list of numbers': numbers,
  'an object of numbers': fields,
  'a list of items with an identity': items,
  'items with an identity, the other way round': (count, first) =>
    first ? items(count, first).reverse() : items(count, 0),
  'a list inside many objects': (count, first) => inObjects(50, numbers(count, first)),
};

describe('ten times as much takes about ten times as long', () => {
  test.each(Object.entries(DOCUMENTS))('to compare %s', (_, make) => {
    const two = (count: number) => [{ value: make(count, 0) }, { value: make(count, 1) }] as const;
    expect(fieldChanges(...two(SMALL))).toHaveLength(SMALL);
    expect(growth(two, (documents) => fieldChanges(...documents))).toBeLessThan(MOST);
  });

  test('to compare a list inside lists with identities, ten times as deep', () => {
    const two = (levels: number) => {
      const [before, after] = [0, 1].map((last) => ({ value: inItems(levels, [...numbers(LARGE, 0), last]) }));
      return [before as JsonObject, after as JsonObject] as const;
    };
    expect(fieldChanges(...two(20))).toHaveLength(1);
    expect(growth(two, (documents) => fieldChanges(...documents), [20, 200])).toBeLessThan(MOST);
  });

  test('to list the values of a document, ten times as deep', () => {
    const deep = (levels: number) => inObjects(levels, fields(LARGE, 0));
    expect(leaves(deep(40))).toHaveLength(LARGE);
    expect(growth(deep, (document) => leaves(document), [40, 400])).toBeLessThan(MOST);
  });

  test('to apply changes', () => {
    const prepare = (count: number) => {
      const [before, after] = [{ value: numbers(count, 0) }, { value: numbers(count, 1) }];
      return { before, changes: fieldChanges(before, after) };
    };
    expect(growth(prepare, ({ before, changes }) => applyChanges(before, changes))).toBeLessThan(MOST);
  });

  test('to mask fields, each named as sensitive', () => {
    const paths = (count: number) => Object.keys(fields(count, 0)).map((key) => `$.${key}`);
    const masked = (all: readonly string[]) => {
      const hidden = all.map((path) => `${path}.secret`);
      return all.filter((path) => isSensitive(path.replace('$', '$.properties'), hidden));
    };
    expect(masked(paths(SMALL))).toHaveLength(SMALL);
    expect(growth(paths, masked)).toBeLessThan(MOST);
  });
});

test('a dependency among Pulumi resources of one urn is resolved without looking at all of them', () => {
  const urn = 'urn:pulumi:dev::shop::a:b:C::web';
  const steps = (count: number): number => {
    let looks = 0;
    const places = numbers(count, 0).map(
      (index): Place => ({
        ...{ urn, address: `a${index}`, module: '', type: 'a:b:C', name: 'web', deleting: true },
        get index() {
          looks += 1;
          return index;
        },
      }),
    );
    const resolve = resolver(places);
    for (const place of places) resolve(urn, place);
    return looks;
  };
  expect(steps(LARGE) / steps(SMALL)).toBeLessThan(25);
});
