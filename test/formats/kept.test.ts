import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Origin } from '../../src/events/index.js';
import { type ResourceRecord, SlothError, StateBackend, type StateView } from '../../src/index.js';
import { isJsonObject, type Json, type JsonObject, stringifyJson } from '../../src/lib/json.js';
import { parameters, TIMEOUT } from '../support/properties.js';

/** Real states, by format. */
const FORMATS = ['terraform', 'pulumi'] as const;
type Format = (typeof FORMATS)[number];
const FIXTURES = FORMATS.flatMap((format) => {
  const folder = new URL(`../fixtures/${format}/`, import.meta.url);
  return readdirSync(folder)
    .filter((name) => /\.(json|tfstate)$/.test(name) && !name.includes('plan'))
    .map((name) => ({ format, name, bytes: readFileSync(new URL(name, folder)) }));
});

/** Something else in some place of a document: `undefined` takes it away. */
const change = fc.record({
  place: fc.nat(),
  value: fc.constantFrom<Json | undefined>(undefined, null, 1, -1, 'x', true, [], {}, [null], { x: 1 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const pathsOf = (value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] => [
  path,
  ...(Array.isArray(value)
    ? value.flatMap((item, index) => pathsOf(item, [...path, index]))
    : isJsonObject(value)
      ? Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))
      : []),
];

function changed(value: Json, [step, ...rest]: readonly (string | number)[], to: Json | undefined): Json | undefined {
  if (step === undefined) return to;
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => (index === step ? (changed(item, rest, to) ?? []) : [item]));
  }
  const entries = Object.entries(value as JsonObject).flatMap(([key, item]) => {
    const next = key === step ? changed(item, rest, to) : item;
    return next === undefined ? [] : [[key, next] as const];
  });
  return Object.fromEntries(entries);
}

const spoilt = (document: JsonObject, changes: readonly Change[]): JsonObject =>
  changes.reduce((one, { place, value }) => {
    const paths = pathsOf(one).slice(1);
    const path = paths[place % Math.max(paths.length, 1)];
    return path ? (changed(one, path, value) as JsonObject) : one;
  }, document);

/** The document, or why there is none. */
async function exported(backend: StateBackend, format: Format): Promise<JsonObject | undefined> {
  try {
    return await backend.exportState('s', format);
  } catch (error) {
    if (!(error instanceof SlothError)) throw error;
    return undefined;
  }
}

test('after any change of imported data, an export is a readable document or a clear refusal', {
  timeout: TIMEOUT,
}, async () => {
  let given = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: FIXTURES.length - 1 }),
      fc.array(change, { maxLength: 2 }),
      fc.array(fc.tuple(fc.nat(), fc.array(change, { minLength: 1, maxLength: 2 })), { maxLength: 4 }),
      async (which, ofHeader, ofResources) => {
        const { format, name, bytes } = FIXTURES[which] as (typeof FIXTURES)[number];
        await using backend = await StateBackend.open(':memory:', { actor: 'test' });
        await backend.execute(await backend.importCommand('s', bytes, { from: format, name, allowMissing: true }));
        const { document, resources }: StateView = await backend.getState('s');
        const { version: _, ...origin } = document.origin as Origin;
        const metadata = new Map<ResourceRecord, JsonObject>();
        for (const [one, changes] of ofResources) {
          const resource = resources[one % Math.max(resources.length, 1)];
          if (resource) {
            metadata.set(resource, spoilt(metadata.get(resource) ?? (resource.value.metadata as JsonObject), changes));
          }
        }
        await backend.getStackManager().apply({
          stack: 's',
          document: { origin: { ...origin, header: spoilt(origin.header, ofHeader) } },
          resources: [...metadata].map(([{ type, name, module }, metadata]) => ({
            ...{ type, name, module, metadata },
            mode: 'merge' as const,
          })),
          dependents: 'leave',
          allowMissing: true,
        });
        for (const to of FORMATS) {
          const text = await exported(backend, to);
          if (!text) continue;
          given++;
          await backend.importCommand('t', new TextEncoder().encode(stringifyJson(text)), {
            ...{ from: to, name: 'exported', allowMissing: true },
          });
        }
        // The real state once more, compared with what is known.
        await backend.importCommand('s', bytes, { from: format, name, allowMissing: true, force: true });
      },
    ),
    parameters(3),
  );
  expect(given).toBeGreaterThan(0);
});

test('an order with too many resources costs no more than the existing ones', async () => {
  await using backend = await StateBackend.open(':memory:', { actor: 'test' });
  const { name, bytes } = FIXTURES.find(({ format }) => format === 'pulumi') as (typeof FIXTURES)[number];
  await backend.execute(await backend.importCommand('s', bytes, { from: 'pulumi', name, allowMissing: true }));
  const before = await backend.exportState('s', 'pulumi');
  const { version: _, ...origin } = (await backend.getState('s')).document.origin as Origin;
  const header = { ...origin.header, order: `0-${'9'.repeat(15)}` };
  await backend.getStackManager().apply({ stack: 's', document: { origin: { ...origin, header } } });
  expect(await backend.exportState('s', 'pulumi')).toEqual(before);
});
