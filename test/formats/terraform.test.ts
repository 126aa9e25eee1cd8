import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseAddress } from '../../src/events/index.js';
import { ConflictError, InvalidInputError } from '../../src/index.js';
import { equalJson, type Json, type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { jsonText } from '../support/json-arbitraries.js';
import { block, comesBack, fixture, instance, stateFile, terraformStack } from '../support/terraform.js';

const read = (name: string): string => readFileSync(fixture(name), 'utf8');
const V1 = parseJson(read('web-v1.tfstate')) as JsonObject;
const V2 = parseJson(read('web-v2.tfstate')) as JsonObject;
/** What HCL would read as an interpolation. */
const TEMPLATE = `$${'{x}'}`;
const one = (fields: JsonObject): JsonObject => stateFile({ resources: [block('a', [instance(fields)])] });

describe('an import is exported value for value', () => {
  test.each(['web-v1.tfstate', 'web-v2.tfstate', 'modules.tfstate'])('%s', async (name) => {
    expect(await comesBack(read(name))).toBe(true);
  });

  test.each<[string, Json | string]>([
    ['nothing in it', stateFile()],
    ['fields absent', { version: 4, serial: 0, lineage: '' }],
    ['fields null', stateFile({ outputs: null, resources: null, terraform_version: null })],
    ['a tainted instance', one({ status: 'tainted' })],
    ['a status we do not know', one({ status: 'x'.repeat(100) })],
    ['null where a text may stand', one({ status: null, deposed: null, index_key: null })],
    ['a module that is null', stateFile({ resources: [block('a', [instance()], { module: null })] })],
    ['deposed objects', stateFile({ resources: [block('a', [instance(), instance({ deposed: 'abcd1234' })])] })],
    ['a block without instances', stateFile({ resources: [block('a', []), block('b', [instance()])] })],
    ['a block whose instances are null', stateFile({ resources: [{ ...block('a', []), instances: null }] })],
    ['a mode we do not know', stateFile({ resources: [block('a', [instance()], { mode: 'list' })] })],
    ['attributes absent', stateFile({ resources: [block('a', [{ schema_version: 0 }])] })],
    ['attributes null', one({ attributes: null })],
    ['attributes of old', stateFile({ resources: [block('a', [{ attributes_flat: { 'tags.%': '0' } }])] })],
    ['dependencies absent', one({})],
    ['dependencies empty', one({ dependencies: [] })],
    ['dependencies null', one({ dependencies: null })],
    ['dependencies given twice', one({ dependencies: ['b.c', 'b.c', 'd.e'] })],
    ['dependencies with a key', one({ dependencies: ['b.c[0]'] })],
    ['a dependency on itself', one({ dependencies: ['terraform_data.a'] })],
    ['dependencies that are no texts', one({ dependencies: ['b.c', 1, null, ''] })],
    ['sensitive paths that are none', one({ sensitive_attributes: [null, [null], 'x', [{ type: 'index' }]] })],
    ['an output false', stateFile({ outputs: { o: { value: false, type: 'bool', sensitive: false } } })],
    ['an output null', stateFile({ outputs: { o: { value: null, type: 'dynamic', sensitive: null } } })],
    ['an output without a value', stateFile({ outputs: { o: { type: 'string' } } })],
    [
      'keys that are prototypes',
      '{"version":4,"serial":1,"lineage":"","__proto__":{"a":1},"outputs":{"__proto__":{"value":{"__proto__":1}}},"resources":[{"mode":"managed","type":"t","name":"n","__proto__":2,"instances":[{"attributes":{"__proto__":{"x":[]}},"__proto__":null}]}]}',
    ],
    [
      'numbers no double holds',
      '{"version":4,"serial":1,"lineage":"","big":12345678901234567890,"outputs":{"o":{"value":1e400,"type":"number"}},"resources":[{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"n":-0,"m":1.10,"l":[9007199254740993]},"private":1E+2}]}]}',
    ],
    [
      'encrypted by OpenTofu',
      { serial: 3, lineage: 'x', meta: { k: 'v' }, encrypted_data: 'AAAA', encryption_version: 'v0' },
    ],
    ['encrypted, nothing beside', { encrypted_data: 'AAAA' }],
  ])('%s', async (_, document) => {
    expect(await comesBack(document)).toBe(true);
  });

  test('a document in an unusual order', async () => {
    const resources = [
      block('b', [instance({ index_key: 10 }), instance({ index_key: 9 })]),
      block('empty', []),
      block('a', [instance({ index_key: 'x' }), instance({ index_key: 'b' }), instance({ index_key: 0 })]),
      block('b', [instance({ index_key: 1 })]),
    ];
    expect(await comesBack(stateFile({ resources }))).toBe(true);
  });

  test('documents with any field anywhere', async () => {
    const extra = fc.array(fc.tuple(fc.constantFrom('x', '__proto__', 'provider', 'each'), jsonText), { maxLength: 3 });
    const text = (fields: readonly (readonly [string, string])[]) =>
      [...new Map(fields)].map(([key, value]) => `,${JSON.stringify(key)}:${value}`).join('');
    const key = fc.constantFrom(
      'null',
      '0',
      '2',
      '10',
      '"a"',
      '"a.b"',
      '"\\"]"',
      '"☃"',
      '" "',
      JSON.stringify(TEMPLATE),
      '"\\u0000\\u0085"',
    );
    const instances = fc
      .uniqueArray(fc.tuple(key, extra), { maxLength: 3, selector: ([index]) => index })
      .map((all) => all.map(([index, more]) => `{"index_key":${index}${text(more)}}`).join());
    const blocks = fc.uniqueArray(
      fc.record({
        module: fc.constantFrom('module.a', 'module.a["b.c"]', 'module.a[0].module.b'),
        mode: fc.constantFrom('managed', 'data'),
        name: fc.constantFrom('a', 'b', 'B'),
        instances,
        extra,
      }),
      { maxLength: 6, selector: ({ module, mode, name }) => `${module} ${mode} ${name}` },
    );
    const property = fc.asyncProperty(blocks, extra, extra, (all, top, output) => {
      const resources = all.map(
        ({ module, mode, name, instances, extra }) =>
          `{"module":${JSON.stringify(module)},"mode":"${mode}","type":"t","name":"${name}","instances":[${instances}]${text(extra)}}`,
      );
      const document = `{"version":4,"serial":1,"lineage":"l","outputs":{"o":{"value":1${text(output)}}},"resources":[${resources}]${text(top)}}`;
      return comesBack(document);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});

describe('the address of a resource', () => {
  test('equals the address that Terraform uses', async () => {
    const { take, addresses } = await terraformStack();
    await take(read('modules.tfstate'));
    expect((await addresses()).sort()).toEqual(read('modules.list').trim().split('\n').sort());
  });

  test('without key and deposed mark is the resource of the configuration', async () => {
    const { take, addresses } = await terraformStack();
    const instances = ['a', '"]', 'a\\', TEMPLATE, 'é\n', '(deposed x)'].flatMap((index_key) => [
      instance({ index_key }),
      instance({ index_key, deposed: 'abcd1234' }),
    ]);
    await take(stateFile({ resources: [block('a', instances, { module: 'module.m["x.y"]' })] }));
    const names = await addresses();
    expect(names).toContain('module.m["x.y"].terraform_data.a["$${x}"] (deposed abcd1234)');
    expect(names).toHaveLength(instances.length);
    expect(new Set(names.map(baseAddress))).toEqual(new Set(['module.m.terraform_data.a']));
  });

  test('a data source is not the resource of the same type and name', async () => {
    const { take, addresses } = await terraformStack();
    await take(stateFile({ resources: [block('a', [instance()], { mode: 'data' }), block('a', [instance()])] }));
    expect(await addresses()).toEqual(['data.terraform_data.a', 'terraform_data.a']);
  });

  test("state, dependencies and sensitive paths are the engine's own", async () => {
    const { take, backend } = await terraformStack();
    await take(V1);
    const { resource } = await backend.getResource('s', 'terraform_data.db');
    expect(resource.value.dependencies).toEqual(['terraform_data.subnet', 'terraform_data.vpc']);
    expect((resource.value.metadata as JsonObject).sensitive).toEqual([
      '$.input.value.password',
      '$.output.value.password',
    ]);
    await take({ ...one({ status: 'tainted' }), serial: 1 }, { force: true });
    expect((await backend.getResource('s', 'terraform_data.a')).resource.value.state).toBe('tainted');
  });

  test('a copied secret under a quoted key is found', async () => {
    const { take, backend } = await terraformStack();
    const attributes = { input: { 'a b': 'hunter2' }, copy: 'hunter2', id: 'an-id' };
    await take(one({ attributes, sensitive_attributes: [[{ type: 'get_attr', value: 'input' }]] }));
    const { resource } = await backend.getResource('s', 'terraform_data.a');
    expect((resource.value.metadata as JsonObject).sensitive).toContain('$.copy');
  });
});

describe('the next state of the same lineage', () => {
  test('commits only what changed', async () => {
    const { take, give, backend } = await terraformStack();
    await take(V1);
    expect((await take(V1)).events).toBe(0);
    const receipt = await take(V2);
    const { events } = await backend.getActivity('s', { limit: receipt.events });
    expect(new Set(events.map(({ version }) => version))).toEqual(new Set([2]));
    const touched = events.map(({ type, data }) => [type, (data as JsonObject).name]);
    expect(touched.toSorted()).toEqual([
      ['OutputSet', 'cluster'],
      ['ResourceRemoved', 'node["node-3"]'],
      ['ResourceUpdated', 'vpc'],
      ['StackUpdated', 's'],
    ]);
    expect(equalJson(await give(1), V1)).toBe(true);
    expect(equalJson(await give(), V2)).toBe(true);
  });

  test('one of 2,000 instances changed: two events, and the header does not grow with the state', async () => {
    const { take, backend } = await terraformStack();
    const all = (value: number) => [
      block(
        'a',
        Array.from({ length: 2_000 }, (_, key) =>
          instance({ index_key: key, attributes: { n: key === 7 ? value : 0 } }),
        ),
      ),
    ];
    await take(stateFile({ resources: all(1) }));
    expect((await take(stateFile({ serial: 2, resources: all(2) }))).events).toBe(2);
    expect(JSON.stringify((await backend.getState('s')).document.origin).length).toBeLessThan(500);
  });

  test('a change of only the header or the serial is imported', async () => {
    const { take, give } = await terraformStack();
    await take(one({}));
    for (const next of [
      { ...one({}), serial: 2 },
      { ...one({}), serial: 3, check_results: [] },
    ]) {
      expect((await take(next)).events).toBe(1);
      expect(equalJson(await give(), next)).toBe(true);
    }
  });

  test.each<[string, JsonObject]>([
    ['SERIAL_TOO_LOW', { ...V2, serial: 9 }],
    ['LINEAGE_MISMATCH', { ...V2, lineage: 'other' }],
    ['SERIAL_NOT_ADVANCED', { ...V2, serial: 10 }],
    ['SERIAL_NOT_ADVANCED', { ...V1, check_results: [] }],
  ])('%s is refused, unless forced', async (code, next) => {
    const { take, give } = await terraformStack();
    await take(V1);
    await expect(take(next)).rejects.toMatchObject({ code, hint: expect.stringContaining('--force') });
    await expect(take(next)).rejects.toBeInstanceOf(ConflictError);
    expect(equalJson(await give(), V1)).toBe(true);
    await take(next, { force: true });
    const { serial, ...now } = await give();
    expect(equalJson({ ...now, serial: next.serial as Json }, next)).toBe(true);
    expect(serial).toBe(next.serial as number);
  });

  test('resources of another origin are not replaced, unless forced', async () => {
    const { take, give, backend } = await terraformStack();
    const resources = [{ type: 'server', name: 'web' }];
    await backend.execute({ type: 'apply', stack: 's', create: {}, resources });
    await expect(take(V1)).rejects.toMatchObject({ code: 'NOT_IMPORTED' });
    await take(V1, { force: true });
    expect(equalJson(await give(), V1)).toBe(true);
  });
});

describe('a stack that was changed since its import', () => {
  test('rolled back: the old content, a higher serial, the same lineage', async () => {
    const { take, give, backend } = await terraformStack();
    await take(V1);
    await take(V2);
    await backend.execute({ type: 'rollback', stack: 's', toVersion: 1 });
    const now = await give();
    expect(now.serial).toBe(14);
    // Header fields are not part of what a rollback undoes.
    expect(equalJson(now, { ...V1, serial: 14, check_results: V2.check_results as Json })).toBe(true);
    await take({ ...now, serial: 15 });
    expect(equalJson(await give(), { ...now, serial: 15 })).toBe(true);
  });

  test('an empty block is not added beside the one that a rollback restored', async () => {
    const { take, give, backend } = await terraformStack();
    await take(one({}));
    await take(stateFile({ serial: 2, resources: [block('a', [])] }));
    await backend.execute({ type: 'rollback', stack: 's', toVersion: 1 });
    expect((await give()).resources).toEqual(one({}).resources);
  });

  test('edited: new attributes, dependencies without keys, taint set and lifted', async () => {
    const { take, give, backend } = await terraformStack();
    const provider = 'provider["registry.terraform.io/acme/x"].west';
    const before = [
      instance({ index_key: 1, attributes: null, dependencies: null }),
      instance({ index_key: 2, status: 'tainted' }),
    ];
    await take(stateFile({ resources: [block('a', before, { provider })] }));
    const named = (name: string) => ({ type: 'terraform_data', name });
    await backend.execute({
      type: 'apply',
      stack: 's',
      allowMissing: true,
      resources: [
        { ...named('a[0]'), properties: { n: 0 } },
        {
          ...named('a[1]'),
          properties: { n: 1 },
          state: 'tainted',
          dependencies: ['t.b[0]', 't.b[1]', 'module.m["x"].t.c["k"]'],
        },
        { ...named('a[2]'), state: 'applied' },
      ],
    });
    expect(await give()).toMatchObject({ serial: 2, lineage: 'line' });
    expect((await give()).resources).toEqual([
      block(
        'a',
        [
          { index_key: 0, schema_version: 0, attributes: { n: 0 }, sensitive_attributes: [] },
          {
            ...instance({ index_key: 1, attributes: { n: 1 }, status: 'tainted' }),
            dependencies: ['t.b', 'module.m["x"].t.c'],
          },
          instance({ index_key: 2 }),
        ],
        { provider },
      ),
    ]);
  });

  test('resources created here get blocks and types that Terraform can read', async () => {
    const { backend, give } = await terraformStack();
    const made = (type: string, name: string) => ({ type, name, properties: { id: '1' } });
    await backend.execute({
      type: 'apply',
      stack: 's',
      create: { id: 'stack-1' },
      resources: [
        made('terraform_data', 'a["k \\"$${x}\\u0085"]'),
        made('data.aws_ami', 'ami'),
        { ...made('aws_vpc', 'main["no end'), module: 'module.net' },
        // What another resource kept is not taken for this one's.
        {
          ...made('aws_vpc', 'copy'),
          metadata: { terraform: { block: { type: 'aws_vpc', name: 'x' }, instance: {} } },
        },
        { ...made('aws_vpc', 'odd'), metadata: { terraform: 'mine' } },
      ],
      outputs: [{ name: 'o', value: { list: [1, 'a', null], flag: true } }],
    });
    const { resources, outputs, ...rest } = await give();
    expect(rest).toEqual({ version: 4, terraform_version: '1.0.0', serial: 1, lineage: 'stack-1' });
    expect(outputs).toEqual({
      o: {
        value: { list: [1, 'a', null], flag: true },
        type: ['object', { list: ['tuple', ['number', 'string', 'dynamic']], flag: 'bool' }],
      },
    });
    const aws = 'provider["registry.terraform.io/hashicorp/aws"]';
    expect(resources).toMatchObject([
      { mode: 'data', type: 'aws_ami', name: 'ami', provider: aws },
      { mode: 'managed', type: 'aws_vpc', name: 'copy', provider: aws },
      { mode: 'managed', type: 'aws_vpc', name: 'odd', provider: aws },
      { type: 'terraform_data', name: 'a', instances: [{ index_key: `k "${TEMPLATE}\u0085`, schema_version: 0 }] },
      { module: 'module.net', type: 'aws_vpc', name: 'main["no end' },
    ]);
  });

  test('an encrypted state with added resources cannot be exported', async () => {
    const { take, give, backend } = await terraformStack();
    await take({ serial: 3, lineage: 'x', encrypted_data: 'AAAA' });
    await backend.execute({ type: 'apply', stack: 's', resources: [{ type: 't', name: 'n' }] });
    await expect(give()).rejects.toMatchObject({ code: 'ENCRYPTED_STATE' });
    expect(await give(1)).toEqual({ serial: 3, lineage: 'x', encrypted_data: 'AAAA' });
  });
});

test('a state with a duplicate instance is refused as a whole', async () => {
  const { take, backend } = await terraformStack();
  await expect(take(stateFile({ resources: [block('a', [instance(), instance()])] }))).rejects.toMatchObject({
    code: 'GIVEN_TWICE',
  });
  expect(await backend.findStack('s')).toBeUndefined();
});

test.each<[string, string, string]>([
  ['an empty file', '', 'document'],
  ['version 3', '{"version":3,"serial":1,"lineage":"x","modules":[]}', 'version'],
  ['a plan', read('web-plan.json'), 'version'],
  ['an array', '[]', 'document'],
  ['a text', '"state"', 'document'],
  ['a serial that is no number', '{"version":4,"serial":"1","lineage":"x"}', 'serial'],
  ['a serial beyond a double', '{"version":4,"serial":90071992547409930,"lineage":"x"}', 'serial'],
  ['a negative serial', '{"version":4,"serial":-1,"lineage":"x"}', 'serial'],
  ['no lineage', '{"version":4,"serial":1}', 'lineage'],
  ['outputs that are a list', '{"version":4,"serial":1,"lineage":"x","outputs":[]}', 'outputs'],
  [
    'a block without a name',
    '{"version":4,"serial":1,"lineage":"x","resources":[{"mode":"managed","type":"t","instances":[]}]}',
    'resources.0.name',
  ],
  [
    'an instance that is a text',
    '{"version":4,"serial":1,"lineage":"x","resources":[{"mode":"managed","type":"t","name":"n","instances":["x"]}]}',
    'resources.0.instances.0',
  ],
  [
    'an index that is no key',
    '{"version":4,"serial":1,"lineage":"x","resources":[{"mode":"managed","type":"t","name":"n","instances":[{"index_key":1.5}]}]}',
    'resources.0.instances.0.index_key',
  ],
])('%s is no state: refused with its place', async (_, text, field) => {
  const { take, backend } = await terraformStack();
  const error = await take(text).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error).toMatchObject({
    code: 'INVALID_TERRAFORM_STATE',
    details: { field },
    hint: expect.stringContaining('version 4'),
  });
  expect(await backend.findStack('s')).toBeUndefined();
});

describe('dependencies on missing resources', () => {
  const importing = async (document: JsonObject, options: { readonly allowMissing?: boolean } = {}) => {
    const { backend } = await terraformStack();
    const take = async (state: JsonObject) => {
      const bytes = new TextEncoder().encode(stringifyJson(state));
      return backend.execute(await backend.importCommand('s', bytes, { from: 'terraform', ...options }));
    };
    await take(document);
    return { backend, take };
  };
  const dangling = stateFile({ resources: [block('a', [instance({ dependencies: ['terraform_data.gone'] })])] });

  test('are refused without allowMissing', async () => {
    await expect(importing(dangling)).rejects.toMatchObject({
      code: 'DEPENDENCY_MISSING',
      details: { missing: [{ resource: 'terraform_data.a', dependsOn: 'terraform_data.gone' }] },
    });
    const { backend } = await importing(dangling, { allowMissing: true });
    expect((await backend.getGraph('s')).nodes).toMatchObject([{ missing: false }, { missing: true }]);
  });

  test('are refused also if a removal causes them', async () => {
    const whole = (resources: JsonObject[], serial: number) => stateFile({ resources, serial });
    const a = block('a', [instance({ dependencies: ['terraform_data.b'] })]);
    const b = block('b', [instance()]);
    const { take } = await importing(whole([a, b], 1));
    await expect(take(whole([a], 2))).rejects.toMatchObject({ code: 'HAS_DEPENDENTS' });
    const believing = await importing(whole([a, b], 1), { allowMissing: true });
    expect(await believing.take(whole([a], 2))).toMatchObject({ version: 2 });
  });
});
