import { describe, expect, test } from 'vitest';
import { serving } from '../support/server.js';
import { block, instance, stateFile } from '../support/terraform.js';

const API = '/api/v1';
describe('a request over a limit', () => {
  test.each([
    ['an exponent of a million digits', `1e${'9'.repeat(1_000_000)}`],
    ['a negative exponent of seven digits', '1e-1000000'],
    ['a million digits', '7'.repeat(1_000_000)],
  ])('%s is refused with the path, as a command and as a Terraform state', async (_, number) => {
    const { ask, backend } = await serving();
    expect(await ask('POST', `${API}/commands/createStack`, { name: 'web' })).toMatchObject({ status: 200 });
    const command = `{"stack":"web","resources":[{"type":"a","name":"b","properties":{"sizes":[1,${number}]}}]}`;
    expect(await ask('POST', `${API}/commands/apply`, command)).toMatchObject({
      status: 400,
      json: { code: 'NUMBER_TOO_LARGE', details: { path: '$.resources[0].properties.sizes[1]' } },
    });
    const state = JSON.stringify(stateFile({ serial: 1, resources: [block('a', [instance()])] }));
    const [start, ...rest] = state.split('"attributes":{');
    const answer = await ask(
      'POST',
      '/tfstate/other',
      `${start}"attributes":{"size":${number},${rest.join('"attributes":{')}`,
    );
    expect(answer).toMatchObject({ status: 400, json: { code: 'NUMBER_TOO_LARGE' } });
    expect(answer.text).toContain('.attributes.size');
    expect((await backend.head()).position).toBe(1);
  });

  test.each([
    [`/stacks?status=${'x'.repeat(2_049)}`, 'status'],
    [`/stacks?${'tag=x&'.repeat(101)}`, 'tag'],
    [`/events?limit=${'1'.repeat(1_000)}`, 'limit'],
    [`/stacks?at_time=2026-01-01T00:00:00.${'0'.repeat(1_000)}Z`, 'at_time'],
  ])('the query %.40s… is refused, and names the field', async (path, field) => {
    const { ask } = await serving();
    const answer = await ask('GET', `${API}${path}`);
    expect(answer).toMatchObject({ status: 400, json: { details: { field } } });
  });

  test.each([
    ['POST', '/stacks/web/import?from=terraform', { version: 4, lineage: 'l', resources: [] }, 'serial: must be given'],
    ['POST', '/stacks/web/import?from=pulumi', { version: 3, deployment: 1 }, 'deployment: must be an object'],
    ['POST', '/commands/renewLock', { stack: 'web', id: 'l' }, 'ttlMs: must be given'],
    ['POST', '/commands/createStack', {}, 'name: must be given'],
    ['POST', '/commands/createStack', { name: 'web', envelope: 1 }, 'envelope: must be an object'],
    ['GET', '/stacks/web/diff', undefined, 'must be given'],
  ])('%s %s without what it needs is refused in our words', async (method, path, body, words) => {
    const { ask } = await serving();
    await ask('POST', `${API}/commands/createStack`, { name: 'web' });
    const answer = await ask(method, `${API}${path}`, body);
    expect(answer).toMatchObject({ status: 400, json: { detail: expect.stringContaining(words) } });
    expect(answer.text).not.toMatch(/Invalid input|received|undefined/);
  });

  test('an idempotency key of 129 bytes is refused', async () => {
    const { ask, backend } = await serving();
    const key = { 'idempotency-key': 'k'.repeat(129) };
    expect(await ask('POST', `${API}/commands/createStack`, { name: 'web' }, key)).toMatchObject({
      status: 400,
      json: { details: { field: 'commandId' } },
    });
    expect((await backend.head()).position).toBe(0);
  });
});

describe.each([
  ['U+200B', 'pro\u200bd'],
  ['U+2800', 'prod\u2800'],
  ['U+00A0', 'pro\u00a0d'],
  ['U+2003', 'pro\u2003d'],
])('a name with %s', (code, HIDDEN) => {
  test('is refused for new things', async () => {
    const { ask, backend } = await serving();
    await ask('POST', `${API}/commands/createStack`, { name: 'prod' });
    const state = stateFile({ serial: 1, resources: [block('a', [instance()])] });
    for (const [path, body] of [
      [`${API}/commands/createStack`, { name: HIDDEN }],
      [`${API}/commands/updateStack`, { stack: 'prod', name: HIDDEN }],
      [`${API}/commands/apply`, { stack: HIDDEN, create: {} }],
      [`${API}/commands/addTags`, { stack: 'prod', tags: ['a', HIDDEN] }],
      [`${API}/stacks/${encodeURIComponent(HIDDEN)}/import?from=terraform`, state],
      [`/tfstate/${encodeURIComponent(HIDDEN)}`, state],
    ] as const) {
      const answer = await ask('POST', path, body);
      expect({ path, ...answer }).toMatchObject({ status: 400, json: { code: 'INVALID_INPUT' } });
      expect(answer.json.detail).toContain(`invisible characters, and holds ${code}`);
    }
    expect((await backend.head()).position).toBe(1);
  });

  test('is kept in names of other programs: the address of a resource', async () => {
    const { ask } = await serving();
    await ask('POST', `${API}/commands/createStack`, { name: 'web' });
    const body = { stack: 'web', resources: [{ type: 'a', name: HIDDEN }] };
    expect(await ask('POST', `${API}/commands/apply`, body)).toMatchObject({ status: 200 });
  });
});
