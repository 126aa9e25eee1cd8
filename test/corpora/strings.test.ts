import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/lib/json.js';
import { parseJson, stringifyJson } from '../../src/lib/json.js';
import { serving } from '../support/server.js';
import { OWN_STRINGS, STRINGS, stringsFor } from './corpora.js';
import { PLACES, restoreStacks } from './places.js';
import { exchange, Tally } from './wire.js';

const shown = (text: string): string => JSON.stringify(text.slice(0, 200));

describe('naughty strings and payloads', () => {
  test('at every place of a request: answered with 2xx or 4xx, and no control byte comes back', async () => {
    const { backend, server, ask } = await serving({ headersMs: 1_000, requestMs: 1_000 });
    const tally = new Tally();
    for (const [index, place] of PLACES.entries()) {
      for (const text of stringsFor(index, 4)) {
        await restoreStacks(backend);
        const what = `${place.name} ${shown(text)}`;
        await exchange(server.url, place.request(text)).then(
          (reply) => tally.add(what, reply),
          (error: Error) => tally.faults.push(`${what}: ${error.message}`),
        );
      }
    }
    console.log(`${PLACES.length} places of the server: ${tally}`);
    expect(tally.faults).toEqual([]);
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
    expect(await ask('GET', '/api/v1/verification')).toMatchObject({ status: 200, json: { holds: true } });
  }, 3_600_000);

  test('as values and keys of properties: they come back exactly', async () => {
    const { ask } = await serving();
    const all = [...OWN_STRINGS, ...STRINGS];
    const values: JsonObject = Object.fromEntries([['all', all], ...all.map((text, index) => [`k${index}`, text])]);
    const keys = JSON.parse(`{${[...new Set(all)].map((key, index) => `${JSON.stringify(key)}:${index}`).join(',')}}`);
    const resources = [
      { type: 'x', name: 'values', properties: values },
      { type: 'x', name: 'keys', properties: keys },
    ];
    const body = stringifyJson({ stack: 'all', create: {}, resources, document: { configuration: values } });
    expect(await ask('POST', '/api/v1/commands/apply', body)).toMatchObject({ status: 200 });
    for (const { name, properties } of resources) {
      const { text } = await ask('GET', `/api/v1/stacks/all/resources/x.${name}`);
      expect((parseJson(text) as JsonObject).properties).toEqual(properties);
    }
    const { text } = await ask('GET', '/api/v1/stacks/all');
    expect((parseJson(text) as JsonObject).configuration).toEqual(values);
  });
});
