import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type OutputRecord, StateBackend } from '../../src/index.js';
import { type Json, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { scratchFolder } from '../support/folder.js';
import { jsonText } from '../support/json-arbitraries.js';
import { ON_POSTGRES } from '../support/on-postgres.js';
import { emptySchema, newSchema } from '../support/postgres.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { openRows, type Rows } from '../support/rows.js';

/** So many documents are looked for in an exported and imported log again. */
const KEPT = 2_000;
const texts: { readonly stack: string; readonly version: number; readonly text: string }[] = [];

/** PostgreSQL's own JSON knows neither `\\u0000` nor lone surrogates: its views show another character. */
const isShownWhole = (text: string): boolean => !ON_POSTGRES || !/\\u(?:0000|d[89a-f])/.test(text);

const nested = (levels: number): Json => {
  let value: Json = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { k: value };
  return value;
};

const CORNERS: readonly (readonly [name: string, text: string])[] = [
  ['integers beyond 2^53', '[9007199254740993,-9007199254740993,12345678901234567890,18446744073709551615]'],
  ['a number no double holds', '[1e400,-1e400,1e-400,0.1000000000000000055511151231257827]'],
  ['minus zero, and zeros that are spelled out', '[-0,0,0.0,-0.0,1.0,1.50,1E5,1e+5]'],
  ['keys that are special elsewhere', '{"__proto__":{"a":1},"constructor":1,"toString":2,"hasOwnProperty":3}'],
  ['lone surrogates', JSON.stringify({ '\ud800': '\udc00', pair: '\ud83d\ude00', turned: '\ude00\ud83d' })],
  ['control characters', JSON.stringify('\u0000\u0001\u001f\u007f\u0085\u2028\u2029')],
  ['unicode forms that look the same', JSON.stringify({ '\u00e9': 1, 'e\u0301': 2 })],
  ['empty things', '{"":{"":[]},"a":{},"b":"","c":[[],[{}]]}'],
  ['a megabyte of text', JSON.stringify('é"\\\n'.repeat(250_000))],
  ['as deep as it may be', stringifyJson(nested(508))],
  ['texts that look like something else', '["true","null","1","1e400","{}","\\u0000number:1"]'],
];

/** Every document, however it is spelled, as a property, an output and a configuration; then read back by every way there is. */
describe('a JSON document survives', () => {
  let backend: StateBackend;
  let rows: Rows;
  let n = 0;
  beforeAll(async () => {
    const schema = ON_POSTGRES ? await newSchema() : undefined;
    const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-test-'));
    const place = schema?.url ?? join(folder, 'stacks.db');
    backend = await StateBackend.open(place, { actor: 'a' });
    rows = await openRows(place);
    return async () => {
      await rows.close();
      await backend.close();
      await schema?.drop();
      rmSync(folder, { recursive: true, force: true });
    };
  });

  async function survives(document: Json): Promise<void> {
    const stack = `s${Math.floor(n / 50)}`; // short histories: what reads outputs at a version goes through theirs
    if (n++ % 50 === 0) await backend.getStackManager().createStack({ id: stack, name: stack });
    const wanted = stringifyJson(document);
    const properties: JsonObject = { n, document };
    const manager = backend.getStackManager();
    const { version } = await manager.apply({
      stack,
      resources: [{ type: 't', name: 'r', properties, metadata: { document } }],
      outputs: [{ name: 'o', value: { n, document } }],
      document: { configuration: { n, document } },
    });

    const { resource } = await backend.getResource(stack, 't.r');
    expect(stringifyJson(resource.value.properties.document)).toBe(wanted);
    expect(stringifyJson((resource.value.metadata as JsonObject).document)).toBe(wanted);
    const state = await backend.getState(stack, { version });
    const [output] = state.outputs as readonly [OutputRecord];
    expect(stringifyJson((output.value as JsonObject).document)).toBe(wanted);
    expect(stringifyJson((state.document.configuration as JsonObject).document)).toBe(wanted);

    if (texts.length < KEPT) texts.push({ stack, version, text: wanted });
    if (!isShownWhole(wanted)) return;
    const inTable = async (sql: string, ...values: readonly unknown[]): Promise<JsonObject> => {
      const [row] = await rows.all(sql, ...values);
      return parseJson(Object.values(row ?? {})[0] as string) as JsonObject;
    };
    const text = ({ document: shown }: JsonObject): string => stringifyJson(shown);
    expect(text(await inTable('SELECT properties FROM resources WHERE stack_id = ?', stack))).toBe(wanted);
    expect(text(await inTable('SELECT metadata FROM resources WHERE stack_id = ?', stack))).toBe(wanted);
    expect(text(await inTable('SELECT configuration FROM stacks WHERE id = ?', stack))).toBe(wanted);
    const { o } = await inTable('SELECT outputs FROM stacks WHERE id = ?', stack);
    expect(text(o as JsonObject)).toBe(wanted);
    const snapshot = 'SELECT state_snapshot FROM state_versions WHERE stack_id = ? AND version = ?';
    const { resources } = (await inTable(snapshot, stack, version)) as { resources: readonly [JsonObject] };
    expect(text(resources[0].properties as JsonObject)).toBe(wanted);
  }

  test.each(CORNERS)('with %s', { timeout: TIMEOUT }, async (_, text) => {
    await survives(parseJson(text));
  });

  test('any value from fast-check', { timeout: TIMEOUT }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), (value) => survives(value as Json)),
      parameters(),
    );
  });

  test('any text that the grammar allows', { timeout: TIMEOUT }, async () => {
    await fc.assert(
      fc.asyncProperty(jsonText, (text) => survives(parseJson(text))),
      parameters(),
    );
  });

  test('the export and import of the log', { timeout: TIMEOUT }, async () => {
    const file = join(scratchFolder(), 'log.jsonl');
    const head = await backend.getAdmin().exportLog(file);
    await using other = await StateBackend.open(ON_POSTGRES ? await emptySchema() : ':memory:');
    expect(await other.getAdmin().importLog(file)).toMatchObject({ position: head.position, hash: head.hash });
    expect(texts.length).toBeGreaterThan(CORNERS.length);
    for (const { stack, version, text } of texts) {
      const { resource } = await other.getResource(stack, 't.r', { version });
      expect(stringifyJson(resource.value.properties.document)).toBe(text);
    }
  });
});
