import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { definitions } from '../../src/events/catalogue.js';
import { catalogue, EVENT_TYPES, type EventType, type Upcasters, upcasters } from '../../src/events/index.js';
import { equalJson, type JsonObject } from '../../src/lib/json.js';
import { EARLIER_DATA, type EarlierData } from './earlier-data.js';

/** The problems of the steps of all types. Each step is run on its example of earlier data. */
function problemsOf(table: Upcasters, examples: EarlierData): string[] {
  return EVENT_TYPES.flatMap((type) =>
    Object.keys(table[type] ?? {}).flatMap((from) => {
      const example = examples[type]?.[Number(from)];
      if (!example) return [`Add an example of ${type}, schema version ${from}, to test/events/earlier-data.ts.`];
      let data = example;
      for (let version = Number(from); table[type]?.[version]; version++) data = table[type][version]?.(data) ?? data;
      return [...unfit(type, data), ...changed(type, Number(from), example, data)];
    }),
  );
}

const unfit = (type: EventType, data: JsonObject): string[] => {
  const result = catalogue[type].safeParse(data);
  return result.success
    ? []
    : [`${type}: the upcast example does not fit the schema: ${result.error.issues[0]?.message}`];
};

const changed = (type: EventType, from: number, before: JsonObject, after: JsonObject): string[] =>
  (definitions[type].readBySql as readonly string[])
    .filter((field) => field in before !== field in after || !equalJson(before[field] ?? null, after[field] ?? null))
    .map(
      (field) =>
        `The upcasters of ${type} from version ${from} change "${field}", which SQL reads from the stored text (readBySql). ` +
        'Keep the field and add the new form under another name, or first stop reading the field in SQL: see "Change an event" in CONTRIBUTING.md.',
    );

test('every upcaster has an example, gives data of the current schema and keeps the fields that SQL reads', () => {
  expect(problemsOf(upcasters, EARLIER_DATA)).toEqual([]);
});

test('an upcaster that changes a field that SQL reads is reported, with the next step', () => {
  const table: Upcasters = {
    OutputSet: { 1: ({ content = null, ...rest }) => ({ ...rest, value: content }) },
    TagAdded: { 1: ({ label = null }) => ({ tag: label }) },
    TagRemoved: { 1: (data) => data },
  };
  const examples = {
    OutputSet: { 1: { name: 'o', content: 1, sensitive: false, metadata: null } },
    TagAdded: { 1: { label: 'a' } },
  };
  expect(problemsOf(table, examples)).toEqual([
    expect.stringMatching(/^The upcasters of OutputSet from version 1 change "value", which SQL reads.*Keep the field/),
    'Add an example of TagRemoved, schema version 1, to test/events/earlier-data.ts.',
  ]);
});

/** `data ->> '$.x'`, `event_part(e.data, 'x')` and the like. */
const FIELD = /data\s*->>?\s*'\$?\.?([^']*)'|event_part\(\w+\.data, '(\w+)'\)/g;
const OTHER =
  /json_(?:extract|each|tree|type)\((?:\w+\.)?data\b[^)]*\)|jsonb?_\w+\((?:\w+\.)?data\b[^)]*\)|data\s*(?:#>|::json)[^,\s]*/g;

test('the fields that SQL reads from data are declared, and no others', () => {
  const files = readdirSync('src/store', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const text = files.map((file) => readFileSync(join('src/store', file), 'utf8')).join('\n');
  const read = [...text.matchAll(FIELD)].map(([, one, other]) => one || other);
  const whole = ['StackCreated', 'StackUpdated'] as const; // shown as one document by state_versions
  const declared = EVENT_TYPES.filter((type) => !(whole as readonly string[]).includes(type)).flatMap(
    (type) => definitions[type].readBySql as readonly string[],
  );
  expect([...new Set(read)].sort()).toEqual([...new Set([...declared, 'configuration', 'metadata'])].sort());
  for (const type of whole) {
    expect([...definitions[type].readBySql].sort()).toEqual(Object.keys(catalogue[type].shape).sort());
  }
  // The text of event_json, and nothing else.
  expect([...text.matchAll(OTHER)].map(([found]) => found)).toEqual([]);
});
