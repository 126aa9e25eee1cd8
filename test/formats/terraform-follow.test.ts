import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differenceOf } from '../../src/formats/terraform/changed.js';
import { asTerraform, following, stateText, writeAsTerraform } from '../../src/formats/terraform/index.js';
import { equalJson, type Json, type JsonObject, parseJson } from '../../src/lib/json.js';
import { jsonText } from '../support/json-arbitraries.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { block, instance, stateFile } from '../support/terraform.js';

const STACK = { id: 'id-of-s', name: 's' };
const known = (document: JsonObject) => stateText(writeAsTerraform(document), asTerraform(document, 'x'));
/** What is compared whole, as a text in no layout of Terraform's is. */
const whole = ({ text }: { readonly text: string }) => ({ text });

/** Blocks of a state that may differ from each other in any way, in Terraform's order or not. */
const attributes = fc.record({
  id: fc.string(),
  text: fc.constantFrom('a<b', 'x', '    },\n    {', '\u2028&'),
  n: fc.nat(3),
});
const anyInstance = fc
  .record({
    attributes,
    more: fc.option(
      jsonText.map((text) => parseJson(text)),
      { freq: 5, nil: undefined },
    ),
  })
  .map(({ attributes: value, more }) => instance({ attributes: value, ...(more === undefined ? {} : { more }) }));
const keyed = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), anyInstance).map((instances) =>
  Object.keys(instances)
    .sort()
    .map((index_key) => ({ index_key, ...(instances[index_key] as JsonObject) })),
);
const instancesInOrder = fc.oneof(fc.tuple(anyInstance), keyed);
const instances = fc.oneof(instancesInOrder, fc.tuple(anyInstance, anyInstance));
const fields = fc.constantFrom<JsonObject | undefined>(
  undefined,
  { module: 'module.m' },
  { provider: 'another' },
  { each: 'map' },
);
const blocksOf = (list: fc.Arbitrary<unknown>) =>
  fc
    .array(fc.record({ name: fc.constantFrom(...'abcdefgh'), instances: list, fields }), { maxLength: 8 })
    .map((all) => all.map((one) => block(one.name, one.instances as Json[], one.fields)));

const keyOf = ({ module = '', name }: JsonObject) => `${module} ${name}`;
const inOrder = (all: readonly JsonObject[]) =>
  [...new Map(all.map((one) => [keyOf(one), one])).values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const outputs = fc.dictionary(fc.constantFrom('o', 'p'), fc.record({ value: fc.nat(2), type: fc.constant('number') }));
const stateOf = (serial: number, resources: fc.Arbitrary<JsonObject[]>) =>
  fc.record({ resources, outputs }).map((parts) => stateFile({ serial, ...(parts as JsonObject) }));
/** As Terraform writes it. */
const stateInOrder = (serial: number) => stateOf(serial, blocksOf(instancesInOrder).map(inOrder));
const state = (serial: number) => stateOf(serial, blocksOf(instances));

/** The document after a few changes, so that most of it stays. */
const pair = stateInOrder(1).chain((before) =>
  fc

    .tuple(fc.constant(before), fc.oneof(stateInOrder(2), state(2)), fc.array(fc.nat(7), { maxLength: 2 }), fc.nat(2))
    .map(([one, other, places, odd]) => {
      const kept = [...(one.resources as JsonObject[])];
      for (const place of places) {
        const replacement = (other.resources as JsonObject[])[place];
        if (replacement) kept.splice(place % (kept.length + 1), place % 2, replacement);
        else kept.splice(place, 1);
      }
      return [one, { ...other, resources: odd === 0 ? kept : inOrder(kept) }] as const; // a few in no order
    }),
);

test(
  'only what differs is compared, and it comes to what comparing all comes to',
  () => {
    let reduced = 0;
    fc.assert(
      fc.property(fc.oneof(pair, fc.tuple(state(1), state(2))), ([before, after]) => {
        const text = writeAsTerraform(after);
        const old = known(before);
        if (differenceOf(old, text)) reduced += 1;
        const partly = attempt(() => following(STACK, old, text, false).command);
        const wholly = attempt(() => following(STACK, whole(old), text, false).command);
        expect(equalJson(partly as unknown as Json, wholly as unknown as Json)).toBe(true);
      }),
      parameters(5),
    );
    expect(reduced).toBeGreaterThan(parameters(5).numRuns / 15); // it is about a third
  },
  TIMEOUT,
);

function attempt<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    return (error as Error).message;
  }
}

describe('only the difference of two documents is parsed', () => {
  const numbered = (count: number, change: JsonObject = {}) =>
    stateFile({
      serial: 2,
      resources: [
        block('a', [instance()]),
        block(
          'b',
          Array.from({ length: count }, (_, index_key) => ({
            index_key,
            ...instance(),
            ...(index_key === 7 ? change : {}),
          })),
        ),
        block('c', []),
        block('d', [instance()]),
      ],
    });

  test('one instance of many', () => {
    const difference = differenceOf(
      known({ ...numbered(20), serial: 1 }),
      writeAsTerraform(numbered(20, { status: 'tainted' })),
    );
    expect(difference?.before).toMatchObject({
      document: { serial: 1, resources: [{ name: 'b', instances: [{ index_key: 7 }] }, { name: 'c' }] },
    });
    expect(difference?.after).toMatchObject({
      document: {
        serial: 2,
        resources: [{ name: 'b', instances: [{ index_key: 7, status: 'tainted' }] }, { name: 'c' }],
      },
    });
  });

  test('all instances of a block whose other fields changed', () => {
    const of = (provider: string) =>
      stateFile({
        serial: 2,
        resources: [
          block(
            'a',
            [
              { index_key: 0, ...instance() },
              { index_key: 1, ...instance() },
            ],
            { provider },
          ),
        ],
      });
    const { command } = following(STACK, known({ ...of('one'), serial: 1 }), writeAsTerraform(of('two')), false);
    expect(command.resources).toHaveLength(2);
  });

  test('a removed instance leaves no empty block', () => {
    const difference = differenceOf(known(numbered(8)), writeAsTerraform(numbered(7)));
    expect(difference?.after).toMatchObject({ document: { resources: [{ name: 'c' }] } });
    expect(
      following(STACK, known(numbered(8)), writeAsTerraform({ ...numbered(7), serial: 3 }), false).command,
    ).toMatchObject({
      remove: ['terraform_data.b[7]'],
      resources: [],
    });
  });

  test.each<[string, (text: string) => string]>([
    ['another layout', (text) => JSON.stringify(JSON.parse(text))],
    ['blocks in another order', (text) => writeAsTerraform(reversed(parseJson(text) as JsonObject))],
    [
      'a list of the same name elsewhere',
      (text) => text.replace('"lineage"', '"x": {\n  "resources": [\n    {}\n  ]},\n  "lineage"'),
    ],
    ['no JSON', (text) => text.replace('"lineage"', 'lineage')],
    ['no JSON in a block that differs', (text) => text.replace('"name": "d"', '"name": d')],
    ['a key that stands twice in it', (text) => text.replace('"name": "d"', '"name": "d", "name": "e"')],
    ['no state', (text) => text.replace('"serial": 2', '"serial": "2"')],
    ['a block that is none', (text) => text.replace('"name": "d"', '"nome": "d"')],
  ])('%s: all of it', (_, change) => {
    expect(differenceOf(known(numbered(8)), change(writeAsTerraform(numbered(8))))).toBeUndefined();
  });

  test.each([
    ['at the end', ['a', 'm', 'b']],
    ['at the beginning', ['y', 'm', 'z']],
    ['between others', ['a', 'm', 'b', 'z']],
  ])('a block that differs and stands in the wrong place, %s: all of it', (_, names) => {
    const of = (list: readonly string[]) => stateFile({ resources: list.map((name) => block(name, [instance()])) });
    expect(differenceOf(known(of(['a', 'm', 'z'])), writeAsTerraform(of(names)))).toBeUndefined();
  });

  test('a value that is too deep only in the whole document is refused', () => {
    const deep = (levels: number) =>
      stateFile({
        serial: 2,
        resources: [block('a', [instance({ attributes: nested(levels) })]), block('b', [instance()])],
      });
    const before = known({ ...deep(1), serial: 1 });
    const command = (levels: number) => following(STACK, before, writeAsTerraform(deep(levels)), false).command;
    expect(command(500).resources).toHaveLength(1);
    expect(() => command(509)).toThrow(/nested deeper than 512/);
  });

  test('texts within values that look like layout do not matter', () => {
    const odd = (n: number) => numbered(8, { attributes: { text: '\n    },\n    {\n', id: n } });
    const difference = differenceOf(known(odd(1)), writeAsTerraform(odd(2)));
    expect(difference?.after).toMatchObject({
      document: { resources: [{ instances: [{ attributes: { id: 2 } }] }, {}] },
    });
  });
});

const reversed = (document: JsonObject): JsonObject => ({
  ...document,
  resources: (document.resources as JsonObject[]).toReversed(),
});

const nested = (levels: number): JsonObject => (levels === 0 ? {} : { n: nested(levels - 1) });
