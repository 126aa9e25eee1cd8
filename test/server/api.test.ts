import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { COMMANDS } from '../../src/commands/index.js';
import { diffJson } from '../../src/json/diff.js';
import { detailsJson, stackListJson } from '../../src/json/stack.js';
import { versionsJson } from '../../src/json/versions.js';
import { type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { ROUTES } from '../../src/server/api/index.js';
import { TokenStore } from '../../src/server/index.js';
import { until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { type Ask, serving } from '../support/server.js';

const API = '/api/v1';
const command = (ask: Ask, type: string, fields: unknown, headers?: Record<string, string>) =>
  ask('POST', `${API}/commands/${type}`, fields, headers);

/** A server with two stacks, one of some history. */
async function filled() {
  const setting = await serving();
  const { ask } = setting;
  await command(ask, 'createStack', { name: 'web', description: 'the web' });
  await command(ask, 'apply', {
    stack: 'web',
    resources: [
      { type: 'vpc', name: 'main', properties: { cidr: '10.0.0.0/16' } },
      { type: 'server', name: 'a', properties: { size: 1, tags: { env: 'prod' } }, dependencies: ['vpc.main'] },
    ],
    outputs: [{ name: 'address', value: '10.0.0.1' }],
  });
  await command(ask, 'apply', { stack: 'web', resources: [{ type: 'server', name: 'a', properties: { size: 2 } }] });
  await command(ask, 'addTags', { stack: 'web', tags: ['production'] });
  await command(ask, 'createStack', { name: 'db' });
  return setting;
}

describe('commands', () => {
  test('there is a path for each', () => {
    const paths = ROUTES.map(({ path }) => path).filter((path) => path.startsWith('/commands/'));
    expect(paths.sort()).toEqual(
      Object.keys(COMMANDS)
        .map((type) => `/commands/${type}`)
        .sort(),
    );
  });

  test('one is carried out, and the receipt and the log name its actor and source', async () => {
    const { ask, backend } = await serving();
    const made = await command(ask, 'createStack', { name: 'web', envelope: { reason: 'why not' } });
    expect(made).toMatchObject({ status: 200, json: { version: 1, events: 1 } });
    expect(made.headers.get('etag')).toBe('"1"');
    expect(await ask('GET', made.headers.get('location') ?? '')).toMatchObject({ status: 200, json: { name: 'web' } });
    const [event] = (await backend.getActivity('web')).events;
    expect(event?.meta).toMatchObject({ actor: 'anonymous', source: 'api', reason: 'why not' });
  });

  test.each<[string, unknown, string]>([
    ['an unknown field', { name: 'x', colour: 'red' }, 'command'],
    ['a field of another type', { name: 7 }, 'name'],
    ['nothing', undefined, 'name'],
    ['no object', [], 'body'],
    ['a type', { type: 'deleteStack', name: 'x' }, 'body'],
    ['an actor', { name: 'x', envelope: { actor: 'root' } }, 'envelope'],
    ['an import', { name: 'x', envelope: { imported: {} } }, 'envelope'],
    ['a source', { name: 'x', envelope: { source: 'cli' } }, 'envelope'],
  ])('with %s it is refused, and the field is named', async (_, body, field) => {
    const { ask, backend } = await serving();
    const answer = await command(ask, 'createStack', body);
    expect(answer).toMatchObject({ status: 400, json: { status: 400, code: 'INVALID_INPUT', details: { field } } });
    expect((await backend.head()).position).toBe(0);
  });

  test.each([
    ['{"name": "a", "name": "b"}', 'INVALID_JSON'],
    ['{"name": ', 'INVALID_JSON'],
    ['{"__proto__": {"name": "a"}}', 'INVALID_INPUT'],
  ])('the body %s is refused', async (body, code) => {
    const { ask } = await serving();
    expect(await command(ask, 'createStack', body)).toMatchObject({ status: 400, json: { code } });
  });

  test('of another media type: 415', async () => {
    const { ask } = await serving();
    expect(await command(ask, 'createStack', '{"name":"a"}', { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
    });
  });

  test('no digit of a number is lost', async () => {
    const { ask } = await filled();
    const properties = '{"big":12345678901234567890,"small":-0,"exact":1.10,"__proto__":{"x":1}}';
    await command(ask, 'apply', `{"stack":"web","resources":[{"type":"t","name":"n","properties":${properties}}]}`);
    const { text } = await ask('GET', `${API}/stacks/web/resources/t.n`);
    expect(text).toContain(`"properties":${properties}`);
  });

  test('If-Match with another version gets 412 and changes nothing', async () => {
    const { ask, backend } = await filled();
    const { headers } = await ask('GET', `${API}/stacks/web`);
    expect(headers.get('etag')).toBe('"3"');
    const tag = { stack: 'web', description: 'new' };
    expect(await command(ask, 'updateStack', tag, { 'if-match': '"2"' })).toMatchObject({
      status: 412,
      json: { code: 'VERSION_CONFLICT', status: 412 },
    });
    expect((await backend.getState('web')).version).toBe(3);
    expect(await command(ask, 'updateStack', tag, { 'if-match': '"3"' })).toMatchObject({
      status: 200,
      json: { version: 4 },
    });
    for (const wrong of ['3', 'W/"3"', '*', '"x"', '"3", "4"']) {
      expect(await command(ask, 'updateStack', tag, { 'if-match': wrong })).toMatchObject({
        status: 400,
        json: { details: { field: 'If-Match' } },
      });
    }
  });

  test('a repeated Idempotency-Key does nothing and returns the first receipt', async () => {
    const { ask, backend } = await serving();
    const key = { 'idempotency-key': 'once' };
    const first = await command(ask, 'createStack', { name: 'web' }, key);
    expect(await command(ask, 'createStack', { name: 'web' }, key)).toMatchObject({ status: 200, json: first.json });
    expect(first.json.command_id).toBe('once');
    expect((await backend.head()).position).toBe(1);
  });

  test('dry_run shows what would change, and changes nothing', async () => {
    const { ask, backend } = await filled();
    const { position } = await backend.head();
    const body = { stack: 'web', remove: ['server.a'] };
    const answer = await ask('POST', `${API}/commands/apply?dry_run=true`, body);
    expect(answer).toMatchObject({
      status: 200,
      json: { changes: [{ what: 'resource', key: 'server.a', kind: 'removed' }] },
    });
    expect(await ask('POST', `${API}/commands/createStack?dry_run=true`, { name: 'x' })).toMatchObject({
      status: 200,
      json: { version: 0, changes: [{ what: 'stack', key: 'x', kind: 'added' }] },
    });
    expect((await backend.head()).position).toBe(position);
  });

  test.each<[string, string, unknown, number, string]>([
    ['of an unknown stack', 'deleteStack', { stack: 'nothing' }, 404, 'STACK_NOT_FOUND'],
    ['of a name that is taken', 'createStack', { name: 'web' }, 409, 'NAME_TAKEN'],
    [
      'on a stack that is locked',
      'addDependency',
      { stack: 'locked', resource: 'a.b', dependsOn: 'c.d' },
      423,
      'STACK_LOCKED',
    ],
    [
      'under a lock that is not held',
      'updateStack',
      { stack: 'web', description: 'x', envelope: { lockId: 'x' } },
      409,
      'LOCK_NOT_HELD',
    ],
  ])('%s: the status fits', async (_, type, body, status, code) => {
    const { ask } = await filled();
    await command(ask, 'createStack', { name: 'locked' });
    await command(ask, 'acquireLock', { stack: 'locked', operation: 'x' });
    const answer = await command(ask, type, body);
    expect(answer).toMatchObject({ status, json: { code, status, type: `urn:sloth-runner:problem:${code}` } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  test('a lock taken here is Terraform’s and the library’s', async () => {
    const { ask, backend } = await filled();
    await command(ask, 'acquireLock', { stack: 'web', operation: 'deploy', id: 'mine' });
    const { json } = await ask('GET', '/tfstate/web');
    expect(await ask('POST', '/tfstate/web', { ...json, serial: 99 })).toMatchObject({ status: 423 });
    expect(await ask('GET', `${API}/stacks/web/lock`)).toMatchObject({
      json: { locked: true, lock: { lock_id: 'mine' } },
    });
    expect(await backend.getLockInfo('web')).toMatchObject({ lockId: 'mine' });
    expect(
      await command(ask, 'updateStack', { stack: 'web', description: 'x', envelope: { lockId: 'mine' } }),
    ).toMatchObject({ status: 200 });
  });
});

describe('documents', () => {
  test('a Terraform state is imported and exported', async () => {
    const { ask } = await serving();
    const state = {
      version: 4,
      terraform_version: '1.11.4',
      serial: 3,
      lineage: 'l',
      outputs: {},
      resources: [],
      check_results: null,
    };
    expect(await ask('POST', `${API}/stacks/tf/import?from=terraform`, state)).toMatchObject({
      status: 200,
      json: { version: 1 },
    });
    expect((await ask('GET', `${API}/stacks/tf/export?to=terraform`)).json).toEqual(state);
    expect(await ask('POST', `${API}/stacks/tf/import?from=terraform`, { ...state, serial: 2 })).toMatchObject({
      status: 409,
      json: { code: 'SERIAL_TOO_LOW' },
    });
  });

  test('a desired state, as YAML and as JSON', async () => {
    const { ask } = await filled();
    const yaml = 'resources:\n  - type: server\n    name: b\n    properties:\n      size: 7\n';
    const type = { 'content-type': 'application/yaml' };
    const path = `${API}/stacks/web/desired-state`;
    expect(await ask('POST', `${path}?dry_run=true`, yaml, type)).toMatchObject({
      status: 200,
      json: { changes: [{ key: 'server.b', kind: 'added' }] },
    });
    expect(await ask('POST', `${path}?reason=because`, yaml, type)).toMatchObject({
      status: 200,
      json: { version: 4 },
    });
    expect(
      await ask('POST', path, { resources: [{ type: 'server', name: 'b', properties: { size: 8 } }] }),
    ).toMatchObject({ status: 200 });
    expect(await ask('GET', `${API}/stacks/web/versions?limit=1&at_version=4`)).toMatchObject({
      json: { versions: [{ description: 'because' }] },
    });
  });
});

describe('queries', () => {
  const same = async (answer: Promise<{ readonly text: string }>, view: unknown) =>
    expect(parseJson((await answer).text)).toEqual(parseJson(stringifyJson(view)));

  test('return the JSON of the command line', async () => {
    const { ask, backend } = await filled();
    const manager = backend.getStackManager();
    await same(ask('GET', `${API}/stacks`), { ...stackListJson(await manager.listStacks()), next: null });
    const details = async (at?: { version: number }) =>
      detailsJson({
        state: await backend.getState('web', at),
        tags: await backend.getTagRecords('web', at),
        lock: undefined,
      });
    await same(ask('GET', `${API}/stacks/web`), await details());
    await same(ask('GET', `${API}/stacks/web?at_version=2`), await details({ version: 2 }));
    await same(ask('GET', `${API}/stacks/web/versions`), {
      ...versionsJson(await backend.listVersions('web')),
      next: null,
    });
    await same(ask('GET', `${API}/stacks/web/diff?from=2&to=3`), diffJson(await backend.diff('web', 2, 3)));
  });

  test.each<[string, JsonObject]>([
    ['stacks/web/resources/server.a', { address: 'server.a', properties: { size: 2 } }],
    ['stacks/web/resources/server.a?at_version=2', { properties: { size: 1 } }],
    ['stacks/web/resources/server.a/history', { address: 'server.a', history: [{ version: 3 }, { version: 2 }] }],
    ['stacks/web/resources/server.a/blame', { address: 'server.a' }],
    ['stacks/web/graph', { nodes: [{ address: 'server.a' }, { address: 'vpc.main' }] }],
    [
      'stacks/web/graph?root=vpc.main&reverse=true&depth=1&at_version=2',
      { edges: [{ from: 'server.a', to: 'vpc.main' }] },
    ],
    ['stacks/web/impact?resource=vpc.main&at_version=2', { affected: [{ address: 'server.a' }] }],
    ['stacks/web/drift', { drift: [] }],
    ['stacks/web/drift/rules', { rules: [] }],
    ['stacks/web/lock', { locked: false, lock: null }],
    ['stacks/web/tags', { tags: [{ tag: 'production' }] }],
    ['stacks/web/executions', { executions: [] }],
    ['stacks/web/activity?limit=1', { activity: [{ action: 'TagAdded' }] }],
    ['stacks/web/export?to=terraform', { version: 4 }],
    ['stacks?tag=production', { stacks: [{ name: 'web' }] }],
    ['stacks?tag=production&tag=other', { stacks: [] }],
    ['stacks?deleted=true', { stacks: [] }],
    ['stacks?at_position=1', { stacks: [{ name: 'web', resource_count: 0 }] }],
    ['head', { position: 8 }],
    ['verification', { holds: true, problems: [] }],
    ['projections', { projections: [{}, {}] }],
    ['events?type=TagAdded', { events: [{ type: 'TagAdded', stack: 'web' }] }],
    ['events?stack=db', { events: [{ type: 'StackCreated', stack: 'db' }] }],
  ])('%s', async (path, expected) => {
    const { ask } = await filled();
    const answer = await ask('GET', `${API}/${path}`);
    expect(answer.status).toBe(200);
    if (path === 'projections') expect((answer.json.projections as unknown[]).length).toBeGreaterThan(3);
    else if (path !== 'head') expect(answer.json).toMatchObject(expected);
    else expect(answer.json.position).toBeGreaterThan(5);
  });

  test('an address is decoded before it is used', async () => {
    const { ask } = await filled();
    const address = 'module.a["x/y"].server.b[0]';
    await command(ask, 'apply', {
      stack: 'web',
      resources: [{ module: 'module.a["x/y"]', type: 'server', name: 'b[0]' }],
    });
    expect(await ask('GET', `${API}/stacks/web/resources/${encodeURIComponent(address)}`)).toMatchObject({
      json: { address },
    });
  });

  test.each([
    ['stacks?limit=0', 'limit'],
    ['stacks?limit=1001', 'limit'],
    ['stacks?limit=1e2', 'limit'],
    ['stacks?limit=5&limit=6', 'limit'],
    ['stacks?colour=red', 'query'],
    ['stacks?deleted=yes', 'deleted'],
    ['stacks?at_time=yesterday', 'at_time'],
    ['stacks/web?at_version=1&at_position=1', 'at_version'],
    ['stacks/web/diff?to=1', 'from'],
    ['stacks/web/export?to=chef', 'to'],
    ['events?type=Nothing', 'type'],
  ])('%s is refused, and %s named', async (path, field) => {
    const { ask } = await filled();
    expect(await ask('GET', `${API}/${path}`)).toMatchObject({ status: 400, json: { details: { field } } });
  });

  test.each(['stacks/nothing', 'stacks/web/resources/a.b', 'stacks/web?at_version=99', 'nothing', 'commands/nothing'])(
    '%s: 404',
    async (path) => {
      const { ask } = await filled();
      expect(await ask('GET', `${API}/${path}`)).toMatchObject({ status: 404 });
    },
  );
});

/** Follows `next` to the end. */
async function walk(ask: Ask, path: string, list: string, as = 'after'): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  let next: unknown;
  do {
    const more = next === undefined ? '' : `&${as}=${encodeURIComponent(String(next))}`;
    const { json, status } = await ask('GET', `${API}/${path}${more}`);
    expect(status).toBe(200);
    items.push(...(json[list] as JsonObject[]));
    next = json.next ?? undefined;
  } while (next !== undefined);
  return items;
}

test('pages contain everything once', async () => {
  const { ask, backend } = await serving();
  const numbers = Array.from({ length: 25 }, (_, n) => String(n).padStart(2, '0'));
  for (const n of numbers) await command(ask, 'createStack', { name: `s${n}` });
  for (const n of numbers) await command(ask, 'apply', { stack: 's00', resources: [{ type: 't', name: n }] });
  const names = (await walk(ask, 'stacks?limit=7', 'stacks')).map(({ name }) => name);
  expect(names).toEqual(numbers.map((n) => `s${n}`));
  const addresses = (await walk(ask, 'stacks/s00/resources?limit=5', 'resources')).map(({ address }) => address);
  expect(addresses).toEqual(numbers.map((n) => `t.${n}`));
  const versions = (await walk(ask, 'stacks/s00/versions?limit=5', 'versions', 'at_version')).map(
    ({ version }) => version,
  );
  expect(versions).toEqual(Array.from({ length: 26 }, (_, n) => 26 - n));
  const activity = await walk(ask, 'stacks/s00/activity?limit=7', 'activity', 'at_position');
  expect(activity).toHaveLength(26);
  const positions = (await walk(ask, 'events?limit=9', 'events')).map(({ position }) => position);
  expect(positions).toEqual(Array.from({ length: (await backend.head()).position }, (_, n) => n + 1));
  for (const n of ['01', '02', '03']) await command(ask, 'deleteStack', { stack: `s${n}` });
  await command(ask, 'createStack', { name: 's01' });
  await command(ask, 'deleteStack', { stack: 's01' });
  expect((await walk(ask, 'stacks?limit=1&deleted=true', 'stacks')).map(({ name }) => name)).toEqual([
    's01',
    's01',
    's02',
    's03',
  ]);
});

describe('what a token reaches', () => {
  async function guarded() {
    const tokens = TokenStore.open(join(scratchFolder(), 'tokens'));
    onTestFinished(() => tokens.close());
    const { ask, ...rest } = await serving({ tokens });
    for (const name of ['web-1', 'db-1']) await command(ask, 'createStack', { name });
    const as = (role: 'read' | 'write' | 'admin', ...stacks: string[]): Ask => {
      const { token } = tokens.create({ role, stacks, by: 'ann' });
      return (method, path, body, headers) => ask(method, path, body, { ...headers, authorization: `Bearer ${token}` });
    };
    return { as, ...rest };
  }

  test('lists show only that', async () => {
    const { as } = await guarded();
    const ask = as('read', 'web-*');
    expect((await ask('GET', `${API}/stacks`)).json.stacks).toMatchObject([{ name: 'web-1' }]);
    expect((await ask('GET', `${API}/events`)).json.events).toMatchObject([{ stack: 'web-1' }]);
  });

  test('is decided by the current name of a stack, also in a list of the past', async () => {
    const { as, backend } = await guarded();
    const [own, all] = [as('write', 'web-*'), as('admin')];
    await command(all, 'updateStack', { stack: 'web-1', description: 'secret' });
    const { position, recordedAt } = await backend.head();
    await until(() => new Date().toISOString() > (recordedAt ?? ''));
    await command(all, 'updateStack', { stack: 'web-1', name: 'db-9' });
    await command(all, 'updateStack', { stack: 'db-1', name: 'web-9' });
    for (const then of [`at_position=${position}`, `at_time=${recordedAt}`]) {
      const { json, text } = await own('GET', `${API}/stacks?${then}`);
      expect(json.stacks).toMatchObject([{ name: 'db-1' }]); // it is web-9 now
      expect(text).not.toContain('secret');
      expect((await all('GET', `${API}/stacks?${then}`)).json.stacks).toMatchObject([
        { name: 'db-1' },
        { name: 'web-1' },
      ]);
    }
  });

  test.each<[string, string]>([
    ['GET', 'stacks/db-1'],
    ['GET', 'stacks/none'],
    ['GET', 'events?stack=db-1'],
    ['GET', 'events/live?stack=db-1'],
    ['GET', 'head'],
    ['GET', 'verification'],
    ['GET', 'projections'],
    ['POST', 'projections/rebuild'],
    ['POST', 'stacks/db-1/import?from=terraform'],
    ['POST', 'stacks/db-1/desired-state'],
  ])('%s %s is beyond a token for other stacks', async (method, path) => {
    const { as } = await guarded();
    expect(await as('admin', 'web-*')(method, `${API}/${path}`)).toMatchObject({ status: 403 });
  });

  test('cannot be widened by a name, an id or a new name', async () => {
    const { as, backend } = await guarded();
    const ask = as('admin', 'web-*');
    const id = (await backend.findStack('db-1'))?.id;
    const { position } = await backend.head();
    for (const [type, fields] of [
      ['createStack', { name: 'db-2' }],
      ['updateStack', { stack: 'web-1', name: 'db-2' }],
      ['updateStack', { stack: id, description: 'x' }],
      ['deleteStack', { stack: 'db-1' }],
      ['apply', { stack: 'db-3', create: {} }],
    ] as const) {
      expect(await command(ask, type, fields)).toMatchObject({ status: 403 });
    }
    for (const fields of [{}, { stack: 7 }]) {
      expect(await command(ask, 'deleteStack', fields)).toMatchObject({
        status: 400,
        json: { details: { field: 'stack' } },
      });
    }
    expect((await backend.head()).position).toBe(position);
    expect(await command(ask, 'createStack', { name: 'web-2' })).toMatchObject({ status: 200 });
  });

  test('a reader changes nothing, a writer verifies and rebuilds nothing', async () => {
    const { as } = await guarded();
    for (const type of Object.keys(COMMANDS)) {
      expect(await command(as('read'), type, {})).toMatchObject({ status: 403, json: { code: 'ROLE_TOO_LOW' } });
    }
    for (const [method, path] of [
      ['GET', 'verification'],
      ['POST', 'projections/rebuild'],
    ] as const) {
      expect(await as('write')(method, `${API}/${path}`)).toMatchObject({ status: 403 });
      expect(await as('admin')(method, `${API}/${path}`)).toMatchObject({ status: 200 });
    }
  });
});

test('the API description has exactly the existing routes', async () => {
  const { ask } = await serving();
  const { json } = await ask('GET', `${API}/openapi.json`);
  const result = await new Validator().validate(
    JSON.parse(stringifyJson(json)) as Parameters<Validator['validate']>[0],
  );
  expect(result).toMatchObject({ valid: true });
  const described = Object.entries(json.paths as Record<string, JsonObject>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  const apply = stringifyJson((json.paths as Record<string, JsonObject>)['/commands/apply'] as JsonObject);
  for (const told of ['"resources"', '"envelope"', '"lockId"', 'Idempotency-Key', 'dry_run'])
    expect(apply).toContain(told);
  expect(apply).not.toContain('"imported"');
});
