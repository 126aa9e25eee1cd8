import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Place, resolver } from '../../src/formats/pulumi/places.js';

const urnOf = (name: string): string => `urn:pulumi:dev::shop::a:b:C::${name}`;

const deployments = fc
  .array(fc.record({ name: fc.constantFrom('a', 'b'), deleting: fc.boolean() }), { minLength: 1, maxLength: 8 })
  .map((all) =>
    all.map(
      ({ name, deleting }, index): Place => ({
        urn: urnOf(name),
        address: `${name}${index}`,
        index,
        deleting,
        module: '',
        type: 'a:b:C',
        name,
      }),
    ),
  );

/** By the rule in words: what stands before goes first, and of that what is to be deleted as the one that depends is. */
function byRule(places: readonly Place[], urn: string, from: Place): string | undefined {
  const all = places.filter((place) => place.urn === urn);
  const before = all.filter(({ index }) => index < from.index);
  const some = before.length > 0 ? before : all;
  return (some.findLast(({ deleting }) => deleting === from.deleting) ?? some.at(-1))?.address;
}

test('an urn refers to the resource that the rule selects, in any order of resources', () => {
  fc.assert(
    fc.property(deployments, (places) => {
      const resolve = resolver(places);
      for (const from of places) {
        for (const urn of new Set(places.map((place) => place.urn))) {
          expect(resolve(urn, from)).toBe(byRule(places, urn, from));
        }
      }
    }),
    { numRuns: 500, seed: 22 },
  );
  expect(resolver([])(urnOf('x'), { index: 0, deleting: false } as Place)).toBe('a:b:C.x');
});
