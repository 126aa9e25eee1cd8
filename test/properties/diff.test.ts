import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalJson, type Json, parseJson, stringifyJson } from '../../src/lib/json.js';
import { type FieldChange, fieldChanges } from '../../src/lib/json-diff.js';
import { applyChanges } from '../../src/lib/json-diff-apply.js';
import { diffVersions, type ItemDiff, isEmptyDiff, resourceFields, type StateDiff } from '../../src/queries/diff.js';
import { readState, type StateView } from '../../src/queries/state.js';
import { steps } from '../support/commands.js';
import { jsonText } from '../support/json-arbitraries.js';
import { allStacks, live } from '../support/lives.js';
import { parameters, RUNS, TIMEOUT } from '../support/properties.js';
import { unordered } from '../support/unordered.js';

/** Small documents of few keys, so that two of them have much in common; lists with and without identities. */
const alike = fc.letrec<{ value: Json; list: Json; record: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>(null, 1, 2, '1', true, 'a', ''),
    tie('list'),
    tie('record'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  record: fc.dictionary(fc.constantFrom('id', 'name', 'a', 'b c', '__proto__', '0', 'é'), tie('value'), {
    maxKeys: 3,
  }) as never,
})).value;

const documents = fc.oneof(
  fc.tuple(alike, alike),
  fc.tuple(jsonText, jsonText).map(([a, b]) => [parseJson(a), parseJson(b)] as [Json, Json]),
);

const same = (a: Json, b: Json): void => {
  if (!equalJson(unordered(a), unordered(b))) expect(stringifyJson(unordered(a))).toBe(stringifyJson(unordered(b)));
};

const turned = ({ path, ...sides }: FieldChange): FieldChange => ({
  path,
  ...('after' in sides ? { before: sides.after } : {}),
  ...('before' in sides ? { after: sides.before } : {}),
});

test('the diff of two documents turns the first into the second, and its inverse turns it back', () => {
  fc.assert(
    fc.property(documents, ([a, b]) => {
      const changes = fieldChanges(a, b);
      const result = applyChanges(a, changes) as Json;
      same(result, b);
      if (!changes.some(({ path }) => path.includes('[?('))) expect(equalJson(result, b)).toBe(true); // order and all
      expect(fieldChanges(b, a)).toEqual(changes.map(turned));
      expect(fieldChanges(a, a)).toEqual([]);
      expect(changes.length === 0).toBe(equalJson(a, b));
    }),
    parameters(20),
  );
});

interface Content {
  readonly own: Json;
  readonly items: ReadonlyMap<string, Json>;
}

/** A state as a difference speaks of it. */
function contentOf({
  stack: _,
  version: __,
  resources,
  outputs,
  dependencies,
  document,
  ...executions
}: StateView): Content {
  return {
    own: { ...document, ...executions } as unknown as Json,
    items: new Map<string, Json>([
      ...resources.map((one) => [`resource ${one.address}`, resourceFields(one)] as const),
      ...outputs.map(
        ({ name, value, sensitive, metadata }) => [`output ${name}`, { value, sensitive, metadata }] as const,
      ),
      ...dependencies.map(
        ({ address, target, type, path }) => [`edge ${address} -> ${target}`, { type, path }] as const,
      ),
    ]),
  };
}

function applied({ own, items }: Content, diff: StateDiff): Content {
  const result = new Map(items);
  const change = <T>(kind: string, all: readonly ItemDiff<T>[], content: (item: T) => Json): void => {
    for (const { key, kind: what, after, fields } of all) {
      const name = `${kind} ${key}`;
      expect(result.has(name)).toBe(what !== 'added');
      if (what === 'removed') result.delete(name);
      else if (what === 'added') result.set(name, content(after as T));
      else result.set(name, applyChanges(result.get(name), fields) as Json);
    }
  };
  change('resource', diff.resources, resourceFields);
  change('output', diff.outputs, ({ value, sensitive, metadata }) => ({ value, sensitive, metadata }));
  change('edge', diff.dependencies, ({ type, path }) => ({ type, path }));
  return { own: applyChanges(own, diff.stack) as Json, items: result };
}

const KINDS = { added: 'removed', changed: 'changed', removed: 'added' } as const;
const inverse = <T>(items: readonly ItemDiff<T>[]) =>
  items.map(({ key, kind, before, after, fields }) => ({
    key,
    kind: KINDS[kind],
    before: after,
    after: before,
    fields: fields.map(turned),
  }));

let differing = 0;

test('the diff of two versions turns the first into the second, and its inverse turns it back', {
  timeout: TIMEOUT,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), fc.nat(), fc.nat(), async (script, a, b) => {
      const { store } = await live(script);
      for (const { id, stateVersion } of await allStacks(store)) {
        const [from, to] = [1 + (a % stateVersion), 1 + (b % stateVersion)];
        const [before, after] = [
          contentOf(await store.read((s) => readState(s, id, { version: from }))),
          contentOf(await store.read((s) => readState(s, id, { version: to }))),
        ];
        const there = await store.read((s) => diffVersions(s, id, from, to));
        if (!isEmptyDiff(there)) differing++;
        const result = applied(before, there);
        same(result.own, after.own);
        expect([...result.items.keys()].sort()).toEqual([...after.items.keys()].sort());
        for (const [key, value] of after.items) same(result.items.get(key) as Json, value);

        const back = await store.read((s) => diffVersions(s, id, to, from));
        expect(back.stack).toEqual(there.stack.map(turned));
        expect(back.resources).toEqual(inverse(there.resources));
        expect(back.outputs).toEqual(inverse(there.outputs));
        expect(back.dependencies).toEqual(inverse(there.dependencies));
        expect(isEmptyDiff(await store.read((s) => diffVersions(s, id, from, from)))).toBe(true);
      }
      await store.close();
    }),
    parameters(),
  );
});

test('enough of the versions compared were not the same', () => {
  expect(differing).toBeGreaterThan(RUNS / 6);
});
