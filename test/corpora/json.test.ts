import { describe, expect, test } from 'vitest';
import { readDocument } from '../../src/formats/document-file.js';
import { InvalidInputError } from '../../src/lib/errors.js';
import { equalJson, type Json, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { ROUTES } from '../../src/server/api/index.js';
import { SOAK } from '../support/properties.js';
import { serving } from '../support/server.js';
import { JSON_CASES, type JsonCase } from './corpora.js';
import { restoreStacks } from './places.js';
import { exchange, requestBytes, Tally } from './wire.js';

/** Why we refuse what RFC 8259 calls JSON. */
const OUR_REASONS: Readonly<Record<string, RegExp>> = {
  'y_object_duplicated_key.json': /twice/,
  'y_object_duplicated_key_and_value.json': /twice/,
};

type Read = (bytes: Uint8Array) => Json;
const asJson: Read = (bytes) => readDocument(bytes, 'body.json');
const asYaml: Read = (bytes) => readDocument(bytes, 'body');

function outcome(read: Read, bytes: Uint8Array): { value: Json } | { error: Error } {
  try {
    return { value: read(bytes) };
  } catch (error) {
    return { error: error as Error };
  }
}

describe('JSONTestSuite', () => {
  test.each(JSON_CASES)('$name as a document', ({ name, bytes, verdict }) => {
    const read = outcome(asJson, bytes);
    if ('error' in read) {
      expect(read.error).toBeInstanceOf(InvalidInputError);
      expect(read.error.message).not.toMatch(/\p{Cc}|JSON\.parse|Unexpected token/u);
    } else {
      const again = parseJson(stringifyJson(read.value));
      expect(equalJson(again, read.value)).toBe(true);
    }
    if (verdict === 'n') expect(read).toHaveProperty('error');
    if (verdict === 'y' && OUR_REASONS[name])
      expect(read).toMatchObject({ error: { message: expect.stringMatching(OUR_REASONS[name]) } });
    if (verdict === 'y' && !OUR_REASONS[name]) {
      expect(read).toHaveProperty('value');
      if ('value' in read && !/number|extreme/.test(name))
        expect(read.value).toEqual(JSON.parse(bytes.toString('utf8')));
    }
    const yaml = outcome(asYaml, bytes);
    if ('error' in yaml) expect(yaml.error).toBeInstanceOf(InvalidInputError);
  });

  test('as every body that the server accepts: 400 for what is no JSON, never 5xx', async () => {
    const { backend, server, ask } = await serving();
    await restoreStacks(backend);
    const tally = new Tally();
    for (const [index, { method, target, type }] of BODIES.entries()) {
      for (const { name, bytes, verdict } of sampled(index)) {
        const what = `${method} ${target} ${type} ${name}`;
        const reply = await exchange(
          server.url,
          requestBytes(method, target, { headers: { 'Content-Type': type }, body: bytes }),
        );
        tally.add(what, reply);
        const [status = 0] = reply.statuses;
        const isRefused = status === 400 || (bytes.length > 65_536 && status === 413); // a lock is small
        if (verdict === 'n' && !isRefused && bytes.length > 0 && !type.endsWith('yaml'))
          tally.faults.push(`${status}: ${what} ${reply.body.slice(0, 200)}`);
        if (status < 300 && method !== 'POST') await restoreStacks(backend);
      }
    }
    console.log(`${JSON_CASES.length} documents in ${BODIES.length} bodies: ${tally}`);
    expect(tally.faults).toEqual([]);
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
  }, 1_800_000);

  test('as a value in a command: what is accepted comes back exactly', async () => {
    const { ask } = await serving();
    for (const [index, { name, bytes, verdict }] of JSON_CASES.entries()) {
      const stack = `s${index}`;
      const body = Buffer.concat([Buffer.from(`{"name":"${stack}","configuration":`), bytes, Buffer.from('}')]);
      const { status, json } = await ask('POST', '/api/v1/commands/createStack', body);
      if (verdict === 'n') expect([name, status]).toEqual([name, 400]);
      else if (verdict === 'y' && !OUR_REASONS[name]) expect([name, status, json.code]).toEqual([name, 200, undefined]);
      else expect([200, 400]).toContain(status);
      if (status !== 200) continue;
      const { text } = await ask('GET', `/api/v1/stacks/${stack}`);
      const stored = (parseJson(text) as JsonObject).configuration;
      expect(equalJson(stored, asJson(bytes)), name).toBe(true);
    }
  }, 300_000);
});

interface Body {
  readonly method: string;
  readonly target: string;
  readonly type: string;
}

/** Every route that reads a body, under each of its media types. */
const BODIES: readonly Body[] = [
  ...ROUTES.flatMap(({ method, path, body }) =>
    Object.keys(body ?? {}).flatMap((type) => {
      const target = `/api/v1${path.replace('{stack}', 'web')}`;
      const tools = path.endsWith('/import') ? ['?from=terraform', '?from=pulumi'] : [''];
      return tools.map((query) => ({ method, target: `${target}${query}`, type }));
    }),
  ),
  ...['POST', 'LOCK', 'UNLOCK'].map((method) => ({ method, target: '/tfstate/tf', type: 'application/json' })),
];

/** All of them where bodies are read in different ways; the commands share one, so in CI each gets a part. */
function sampled(index: number): readonly JsonCase[] {
  const { target } = BODIES[index] as Body;
  if (SOAK || !target.includes('/commands/')) return JSON_CASES;
  return JSON_CASES.filter((_, number) => number % BODIES.length === index);
}
