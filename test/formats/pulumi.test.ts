import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { changesText, diffText } from '../../src/cli/present/diff.js';
import { historyText, resourceText } from '../../src/cli/present/resource.js';
import { detailsText } from '../../src/cli/present/stack.js';
import { ConflictError, InvalidInputError, StateBackend } from '../../src/index.js';
import { equalJson, type Json, type JsonObject, leaves, parseJson, stringifyJson } from '../../src/lib/json.js';
import { jsonText } from '../support/json-arbitraries.js';
import { parameters, TIMEOUT } from '../support/properties.js';

const read = (name: string): string => readFileSync(new URL(`../fixtures/pulumi/${name}`, import.meta.url), 'utf8');
const SHOP_1 = parseJson(read('shop-1.json')) as JsonObject;
const SHOP_2 = parseJson(read('shop-2.json')) as JsonObject;
const FIXTURES = ['shop-1.json', 'shop-2.json', 'hello-v4.json', 'jobs-checkpoint.json'];

const SECRET = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270' };
const MANIFEST = { time: '2024-05-03T09:30:12Z', magic: '', version: '' };
const STACK = 'urn:pulumi:s::p::pulumi:pulumi:Stack::p-s';
const urn = (name: string, types = 'a:b:C'): string => `urn:pulumi:s::p::${types}::${name}`;
const resource = (name: string, fields: JsonObject = {}): JsonObject => ({
  urn: urn(name),
  custom: true,
  id: `id-${name}`,
  type: 'a:b:C',
  outputs: { id: `id-${name}` },
  ...fields,
});
const root = (fields: JsonObject = {}): JsonObject => ({
  urn: STACK,
  custom: false,
  type: 'pulumi:pulumi:Stack',
  ...fields,
});
const deployment = (resources: readonly Json[], fields: JsonObject = {}): JsonObject => ({
  version: 3,
  deployment: { manifest: MANIFEST, resources, ...fields },
});
const at = (time: string, document: JsonObject): JsonObject => ({
  ...document,
  deployment: { ...(document.deployment as JsonObject), manifest: { ...MANIFEST, time } },
});
const listOf = (document: JsonObject): JsonObject[] => (document.deployment as { resources: JsonObject[] }).resources;
const find = (document: JsonObject, name: string): JsonObject =>
  listOf(document).find((item) => String(item.urn).endsWith(`::${name}`)) as JsonObject;

/** A stack `s`, and Pulumi's way in and out of it. */
async function pulumiStack(location = ':memory:') {
  const backend = await StateBackend.open(location, { actor: 'test' });
  onTestFinished(() => backend.close());
  const commandFor = (
    document: Json | string,
    options: { readonly force?: boolean; readonly allowMissing?: boolean },
  ) =>
    backend.importCommand(
      's',
      new TextEncoder().encode(typeof document === 'string' ? document : stringifyJson(document, 2)),
      { from: 'pulumi', name: 'state.json', ...options },
    );
  return {
    backend,
    commandFor,
    take: async (
      document: Json | string,
      options: { readonly force?: boolean; readonly allowMissing?: boolean } = {},
    ) => backend.execute(await commandFor(document, options)),
    give: (version?: number) => backend.exportState('s', 'pulumi', version === undefined ? undefined : { version }),
    addresses: async () => (await backend.getState('s')).resources.map(({ address }) => address),
    value: async (address: string) => (await backend.getResource('s', address)).resource.value,
  };
}

/** Takes the document in, gives it out, and says whether both are equal, value for value, also as text. */
async function comesBack(document: Json | string): Promise<boolean> {
  const { take, give, backend } = await pulumiStack();
  const before = typeof document === 'string' ? parseJson(document) : document;
  await take(document, { allowMissing: true });
  const same = equalJson(parseJson(stringifyJson(await give())), before);
  await backend.close();
  return same;
}

describe('an import is exported value for value', () => {
  test.each(FIXTURES)('%s', async (name) => {
    expect(await comesBack(read(name))).toBe(true);
  });

  test("the README's example", async () => {
    const text = readFileSync(new URL('../../examples/pulumi-stack.json', import.meta.url), 'utf8');
    expect(await comesBack(text)).toBe(true);
  });

  test.each<[string, Json | string]>([
    ['no resources', deployment([])],
    ['resources null', { version: 3, deployment: { manifest: MANIFEST, resources: null } }],
    ['resources absent', { version: 4, features: [], deployment: { manifest: MANIFEST } }],
    ['a deployment that is null', { version: 3, deployment: null }],
    ['a deployment without anything', { version: 3, deployment: {} }],
    ['a checkpoint of a stack never deployed', { version: 3, checkpoint: { stack: 'a/b/c', config: null } }],
    ['a checkpoint whose latest is null', { version: 3, checkpoint: { stack: 'a/b/c', latest: null } }],
    ['a manifest without time', { version: 3, deployment: { manifest: null, resources: [root()] } }],
    ['outputs and inputs absent', deployment([{ urn: urn('x'), type: 'a:b:C' }])],
    ['outputs and inputs null', deployment([resource('x', { inputs: null, outputs: null })])],
    ['outputs and inputs empty', deployment([resource('x', { inputs: {}, outputs: {} })])],
    ['outputs that are no object', deployment([resource('x', { inputs: 'i', outputs: ['o'] })])],
    ['stack outputs null', deployment([root({ outputs: null, inputs: {} })])],
    ['stack outputs empty', deployment([root({ outputs: {} })])],
    ['stack outputs absent', deployment([root()])],
    ['inputs equal to outputs but for one', deployment([resource('x', { inputs: { id: 'id-x', n: 1, m: null } })])],
    ['an input whose output is null', deployment([resource('x', { inputs: { n: 1 }, outputs: { n: null } })])],
    ['no root, the stack named among others', deployment([resource('x', { parent: STACK })])],
    [
      'dependencies empty, null and twice',
      deployment([
        resource('x', { dependencies: [] }),
        resource('y', { dependencies: null, propertyDependencies: null }),
        resource('z', {
          dependencies: [urn('x'), urn('x'), urn('y')],
          propertyDependencies: { a: [urn('x')], b: null },
        }),
      ]),
    ],
    [
      'dependencies that are none',
      deployment([resource('x', { dependencies: ['?', 1, null, urn('x'), urn('gone')] })]),
    ],
    [
      'a dependency on itself',
      deployment([resource('x', { dependencies: [urn('x'), urn('x').replace(':s::', ':other::')] })]),
    ],
    [
      'a dependency of another stack of the same name',
      deployment([resource('x'), resource('y', { dependencies: [urn('x'), urn('x').replace(':s::', ':other::')] })]),
    ],
    [
      'an order that Pulumi would not write',
      deployment([resource('b', { dependencies: [urn('a')] }), resource('a'), root()]),
    ],
    [
      'an output that is secret by its name only',
      deployment([
        root({ outputs: { token: 't0k3n' }, additionalSecretOutputs: ['token', 'gone'] }),
        resource('x', { outputs: { token: 't0k3n', properties: 1, metadata: {} }, additionalSecretOutputs: ['token'] }),
      ]),
    ],
    [
      'a secret beside outputs called properties and metadata',
      deployment([
        resource('x', {
          inputs: { s: { ...SECRET, ciphertext: 'in' } },
          outputs: { s: { ...SECRET, ciphertext: 'out' }, properties: { a: 1 }, metadata: { pulumi: 1 } },
        }),
      ]),
    ],
    [
      'flags of every kind',
      deployment([
        resource('x', { delete: false, protect: true, external: true, taint: true, retainOnDelete: true }),
        resource('y', { delete: true, taint: false, pendingReplacement: true, initErrors: [] }),
        resource('z', { delete: 'yes', deletedWith: urn('x'), provider: `${urn('p', 'pulumi:providers:a')}::id` }),
      ]),
    ],
    [
      'numbers no double holds, and keys that are prototypes',
      `{"version":3,"__proto__":{"a":1},"deployment":{"manifest":{"time":"2024-05-03T09:30:12Z"},"big":12345678901234567890,"resources":[{"urn":"${STACK}","type":"pulumi:pulumi:Stack","outputs":{"__proto__":{"x":-0}}},{"urn":"${urn('x')}","type":"a:b:C","__proto__":2,"inputs":{"__proto__":1.10,"y":1E400},"outputs":{"__proto__":1.10,"y":[9007199254740993]},"propertyDependencies":{"__proto__":["${STACK}"]}}]}}`,
    ],
  ])('%s', async (_, document) => {
    expect(await comesBack(document)).toBe(true);
  });

  test(
    'everything in any order with any field anywhere, and again after each next one',
    async () => {
      const property = fc.asyncProperty(fc.array(anyDeployment, { minLength: 1, maxLength: 3 }), async (documents) => {
        const { take, give, backend } = await pulumiStack();
        for (const text of documents) {
          await take(text, { allowMissing: true, force: true });
          expect(equalJson(parseJson(stringifyJson(await give())), parseJson(text))).toBe(true);
          expect((await take(text, { allowMissing: true })).events).toBe(0);
        }
        await backend.close();
      });
      await fc.assert(property, parameters());
    },
    TIMEOUT,
  );
});

const fieldsText = (...names: readonly string[]) =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom('later', '__proto__', ...names), jsonText), {
      maxLength: 3,
      selector: ([key]) => key,
    })
    .map((all) => all.map(([key, value]) => `,${JSON.stringify(key)}:${value}`).join(''));

const objectText = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom('a', 'id', 'name', 'properties', 'metadata', '__proto__', 'a b'),
      fc.oneof(jsonText, fc.constant('1'), fc.constant(JSON.stringify({ ...SECRET, ciphertext: 'c' }))),
    ),
    { maxLength: 4, selector: ([key]) => key },
  )
  .map((all) => `{${all.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`);

/** A document as Pulumi may write it: resources after what they depend on, of several with one urn one not to be deleted. */
const anyDeployment: fc.Arbitrary<string> = fc
  .record({
    items: fc.array(
      fc.record({
        types: fc.constantFrom('a:b:C', 'a:b:D', 'k:x.io/v1:C', 'k:x.io/v1:C$a:b:C', 'a:b:C$a:b:D$k:x.io/v1:C'),
        name: fc.constantFrom('x', 'x.y', 'x::y', 'x[0]', 'x[\\0]', 'x["y"]', 'x$y', 'é ☃'),
        deleting: fc.boolean(),
        id: fc.constantFrom('i-1', 'i-2', '', 'a/b c', 'x'.repeat(200)),
        inputs: fc.option(objectText),
        outputs: fc.option(objectText),
        links: fc.array(fc.nat(), { maxLength: 3 }),
        more: fieldsText('protect', 'initErrors', 'aliases', 'additionalSecretOutputs'),
      }),
      { maxLength: 7 },
    ),
    stackOutputs: fc.option(objectText),
    hasRoot: fc.boolean(),
    isCheckpoint: fc.boolean(),
    more: fieldsText('metadata', 'pending_operations'),
    time: fc.constantFrom('"2024-05-03T09:30:12Z"', '"0001-01-01T00:00:00Z"', 'null', '7'),
  })
  .map(({ items, stackOutputs, hasRoot, isCheckpoint, more, time }) => {
    const live = new Set<string>();
    const urns: string[] = hasRoot ? [STACK] : [];
    const texts = hasRoot
      ? [`{"urn":"${STACK}","type":"pulumi:pulumi:Stack"${stackOutputs ? `,"outputs":${stackOutputs}` : ''}}`]
      : [];
    for (const { types, name, id, inputs, outputs, links, ...item } of items) {
      const own = urn(name, types);
      const deleting = item.deleting || live.has(own);
      if (!deleting) live.add(own);
      const [parent, ...others] = links.flatMap((link) => urns[link % Math.max(1, urns.length)] ?? []);
      const fields = {
        urn: own,
        type: types.slice(types.lastIndexOf('$') + 1),
        ...(deleting ? { delete: true } : {}),
        ...(id ? { id } : {}),
        ...(parent ? { parent } : {}),
        ...(others.length > 0 ? { dependencies: others, propertyDependencies: { a: others.slice(1) } } : {}),
      };
      texts.push(
        `${JSON.stringify(fields).slice(0, -1)}${inputs ? `,"inputs":${inputs}` : ''}${outputs ? `,"outputs":${outputs}` : ''}${item.more}}`,
      );
      urns.push(own);
    }
    const whole = `{"manifest":{"time":${time}},"resources":[${texts}]${more}}`;
    return isCheckpoint
      ? `{"version":3,"checkpoint":{"stack":"o/p/s","latest":${whole}}}`
      : `{"version":4,"features":["x"],"deployment":${whole}}`;
  });

describe('the address of a resource', () => {
  test('has its type and name, below the types of its parents', async () => {
    const { take, addresses } = await pulumiStack();
    await take(SHOP_1);
    expect((await addresses()).sort()).toEqual(
      [
        'aws:ec2/ami:Ami.base',
        'aws:ec2/instance:Instance.web',
        'aws:ec2/instance:Instance.web (pending delete i-0old)',
        'aws:ec2/subnet:Subnet.a',
        'aws:ec2/vpc:Vpc.main',
        'aws:rds/instance:Instance.orders',
        'pulumi:providers:aws.default_6_40_0',
        'pulumi:providers:aws.eu',
        'pulumi:providers:random.default_4_16_0',
        'pulumi:pulumi:Stack.shop-prod',
        'random:index/randomPassword:RandomPassword.db',
        'shop:index:Site$aws:s3/bucket:Bucket.www-content',
        'shop:index:Site$aws:s3/bucketObject:BucketObject.index.html',
        'shop:index:Site.www',
      ]
        .map((address) => address.replace(/^(shop:index:Site)\$/, '$1.'))
        .sort(),
    );
  });

  test('several to be deleted are distinguished by their ids, or else numbered', async () => {
    const { take, addresses } = await pulumiStack();
    const deleting = (id: Json) => resource('x', { delete: true, id });
    await take(deployment([resource('x'), ...['i-1', 'i-1', '', '', 'a b'].map(deleting)]));
    const mark = createHash('sha256').update('a b').digest('hex').slice(0, 8);
    expect(await addresses()).toEqual(
      [
        'a:b:C.x',
        'a:b:C.x (pending delete i-1)',
        'a:b:C.x (pending delete i-1) #2',
        'a:b:C.x (pending delete)',
        'a:b:C.x (pending delete) #2',
        `a:b:C.x (pending delete ${mark})`,
      ].sort(),
    );
  });

  test('one with a key in brackets is not an instance of the one without', async () => {
    const { take, addresses, value } = await pulumiStack();
    await take(deployment([resource('x'), resource('x[0]', { dependencies: [urn('x')] }), resource('x[\\0]')]));
    expect(await addresses()).toEqual(['a:b:C.x', 'a:b:C.x[\\0]', 'a:b:C.x[\\\\0]']);
    expect((await value('a:b:C.x[\\0]')).dependencies).toEqual(['a:b:C.x']);
  });

  test('a name may contain the separators of an urn', async () => {
    const { take, addresses } = await pulumiStack();
    await take(deployment([resource('x::$y::z', { urn: urn('x::$y::z', 'a:b:P$a:b:Q$a:b:C') })]));
    expect(await addresses()).toEqual(['a:b:P$a:b:Q.a:b:C.x::$y::z']);
  });
});

describe('as content of the engine', () => {
  test('properties are the outputs; state, identity and outputs of the stack are its own', async () => {
    const { take, value, backend } = await pulumiStack();
    await take(SHOP_1);
    const web = await value('aws:ec2/instance:Instance.web');
    expect(web.properties).toEqual(find(SHOP_1, 'web').outputs);
    expect(web.state).toBe('failed');
    expect((web.metadata as JsonObject).identity).toBe('i-0new');
    const old = await value('aws:ec2/instance:Instance.web (pending delete i-0old)');
    expect(old.state).toBe('deposed');
    expect(old.metadata).not.toHaveProperty('identity');
    const { outputs } = await backend.getState('s');
    expect(outputs.map(({ name, sensitive }) => [name, sensitive])).toEqual([
      ['dbPassword', true],
      ['endpoints', true],
      ['replicas', false],
      ['url', false],
    ]);
    await take(
      at(
        '2030-01-01T00:00:00Z',
        deployment([resource('x', { taint: true }), resource('y', { pendingReplacement: true })]),
      ),
      { force: true },
    );
    expect([(await value('a:b:C.x')).state, (await value('a:b:C.y')).state]).toEqual(['tainted', 'pending']);
  });

  test("of two that stand for the stack, the one to be deleted does not give the stack's outputs", async () => {
    const { take, backend } = await pulumiStack();
    await take(deployment([root({ delete: true, outputs: { old: 1 } }), root({ outputs: { now: 1 } })]));
    expect((await backend.getState('s')).outputs.map(({ name }) => name)).toEqual(['now']);
  });

  test('dependencies are declared ones, parents and providers, except the stack and default providers', async () => {
    const { take, value } = await pulumiStack();
    await take(SHOP_1);
    expect((await value('aws:ec2/instance:Instance.web')).dependencies).toEqual([
      'aws:ec2/subnet:Subnet.a',
      'aws:ec2/ami:Ami.base',
      'aws:ec2/vpc:Vpc.main',
    ]);
    expect((await value('shop:index:Site.aws:s3/bucketObject:BucketObject.index.html')).dependencies).toEqual([
      'shop:index:Site.aws:s3/bucket:Bucket.www-content',
      'shop:index:Site.www',
      'pulumi:providers:aws.eu',
    ]);
    expect((await value('aws:ec2/vpc:Vpc.main')).dependencies).toEqual([]);
  });

  test('of two with one urn, a resource to be deleted depends on the one to be deleted', async () => {
    const { take, value } = await pulumiStack();
    const pair = (name: string, fields: JsonObject) => [
      resource(name, fields),
      resource(name, { ...fields, delete: true, id: 'old' }),
    ];
    const [a, oldA] = pair('a', {}) as [JsonObject, JsonObject];
    const [b, oldB] = pair('b', { dependencies: [urn('a')] }) as [JsonObject, JsonObject];
    // The other way round, dependencies were turned: both directions at once are no cycle.
    const turned = resource('a', { delete: true, id: 'oldest', dependencies: [urn('b')] });
    await take(deployment([a, b, oldA, oldB, turned]));
    expect((await value('a:b:C.b')).dependencies).toEqual(['a:b:C.a']);
    expect((await value('a:b:C.b (pending delete old)')).dependencies).toEqual(['a:b:C.a (pending delete old)']);
    expect((await value('a:b:C.a (pending delete oldest)')).dependencies).toEqual(['a:b:C.b (pending delete old)']);
  });

  test('a dependency on a missing resource is refused without allowMissing', async () => {
    const { take, backend } = await pulumiStack();
    const dangling = deployment([resource('x', { propertyDependencies: { p: [urn('gone')] } })]);
    await expect(take(dangling)).rejects.toMatchObject({
      code: 'DEPENDENCY_MISSING',
      details: { missing: [{ resource: 'a:b:C.x', dependsOn: 'a:b:C.gone' }] },
    });
    await take(dangling, { allowMissing: true });
    expect((await backend.getGraph('s')).nodes).toMatchObject([{ missing: true }, { missing: false }]);
  });
});

describe('secrets', () => {
  const SECRETS = /cU8zQmF0|bm9uY2Ux|a2V5|aGFzaA|cmVz:|cHcx|cHcy|BEGIN KEY|t0k3n|n3w/;

  test('are masked everywhere', async () => {
    const { take, backend, commandFor } = await pulumiStack();
    const texts: string[] = [
      changesText((await backend.execute(await commandFor(SHOP_1, {}), { dryRun: true })).changes),
    ];
    await take(SHOP_1);
    const changed = structuredClone(SHOP_1) as JsonObject & { deployment: { resources: JsonObject[] } };
    for (const item of changed.deployment.resources) {
      const turn = (value: Json): Json =>
        parseJson(stringifyJson(value ?? null).replaceAll('"ciphertext":"v1:', '"ciphertext":"v1:n3w'));
      Object.assign(item, { outputs: turn(item.outputs as Json), inputs: turn(item.inputs as Json) });
    }
    changed.deployment.resources = changed.deployment.resources.map(
      (item) => Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null)) as JsonObject,
    );
    const next = at('2024-06-01T00:00:00Z', changed);
    texts.push(changesText((await backend.execute(await commandFor(next, {}), { dryRun: true })).changes));
    const receipt = await take(next);
    expect(receipt.events).toBeGreaterThan(4);
    texts.push(diffText(await backend.diff('s', 1, 2)));
    const state = await backend.getState('s');
    texts.push(detailsText({ state, tags: [], lock: undefined }));
    for (const item of state.resources) {
      texts.push(resourceText(item, leaves(item.value.properties)));
      const { changes, hidden } = await backend.getResourceHistory('s', item.address);
      texts.push(historyText(changes, hidden));
    }
    for (const text of texts) expect(text).not.toMatch(SECRETS);
    // …while the state has them, exact.
    expect(stringifyJson(state.resources.map(({ value }) => value as unknown as Json))).toMatch(SECRETS);
  });

  test('their paths are sensitive in outputs, inputs and arrays, which are masked as a whole', async () => {
    const { take, value } = await pulumiStack();
    await take(read('hello-v4.json'));
    const ingress = await value('kubernetes:networking.k8s.io/v1:Ingress.hello.example.com');
    expect((ingress.metadata as JsonObject).sensitive).toEqual(['$.spec.tls']);
    await take(SHOP_1, { force: true });
    const db = await value('aws:rds/instance:Instance.orders');
    expect((db.metadata as JsonObject).sensitive).toEqual(['$.metadata.pulumi.fields.inputs.password', '$.password']);
  });
});

describe('the next deployment of the same stack', () => {
  test('commits only what changed, without the order', async () => {
    const { take, give, backend } = await pulumiStack();
    await take(SHOP_1);
    expect((await take(SHOP_1)).events).toBe(0);
    const receipt = await take(SHOP_2);
    const { events } = await backend.getActivity('s', { limit: receipt.events });
    const touched = events.map(({ type, data }) => `${type} ${(data as JsonObject).name ?? ''}`);
    expect(touched.filter((text) => !text.startsWith('Dependency')).sort()).toEqual([
      'OutputSet replicas',
      'ResourceCreated jobs',
      'ResourceRemoved web (pending delete i-0old)',
      'ResourceUpdated web',
      'StackUpdated s',
    ]);
    expect(equalJson(await give(), SHOP_2)).toBe(true);
    expect(equalJson(await give(1), SHOP_1)).toBe(true);
    expect((await take(SHOP_2)).events).toBe(0);
  });

  test('one of 2,000 changed, one inserted first, all reversed: events and header follow the change', async () => {
    const { take, give, backend } = await pulumiStack();
    const all = Array.from({ length: 2_000 }, (_, index) => resource(`r${index}`, { outputs: { n: 0 } }));
    const headerSize = async () => JSON.stringify((await backend.getState('s')).document.origin).length;
    await take(deployment(all));
    expect(await headerSize()).toBeLessThan(400);
    const changed = all.with(7, resource('r7', { outputs: { n: 1 } }));
    expect((await take(at('2025-01-01T00:00:00Z', deployment(changed)))).events).toBe(2);
    const longer = at('2025-01-02T00:00:00Z', deployment([resource('first'), ...changed]));
    expect((await take(longer)).events).toBe(2);
    expect(await headerSize()).toBeLessThan(400);
    expect(equalJson(await give(), longer)).toBe(true);
    const turned = at('2025-01-03T00:00:00Z', deployment(listOf(longer).toReversed()));
    expect((await take(turned)).events).toBe(1);
    expect(equalJson(await give(), turned)).toBe(true);
  });

  test('a change of only the manifest, pending operations or features is imported', async () => {
    const { take, give } = await pulumiStack();
    await take(deployment([root()]));
    for (const next of [
      at('2024-06-01T00:00:00Z', deployment([root()])),
      deployment([root()], { manifest: { ...MANIFEST, time: '2024-06-01T00:00:00Z' }, pending_operations: [] }),
      { ...at('2024-06-02T00:00:00Z', deployment([root()])), version: 4, features: ['x'] },
    ]) {
      expect((await take(next)).events).toBe(1);
      expect(equalJson(await give(), next)).toBe(true);
    }
  });

  test.each<[string, JsonObject]>([
    ['DEPLOYMENT_OLDER', at('2024-05-03T07:30:11Z', SHOP_1)],
    ['DEPLOYMENT_OLDER', { version: 3, deployment: null }],
    ['LINEAGE_MISMATCH', at('2030-01-01T00:00:00Z', deployment([root()]))],
  ])('%s is refused, unless forced', async (code, next) => {
    const { take, give } = await pulumiStack();
    await take(SHOP_1);
    const refused = take(next);
    await expect(refused).rejects.toBeInstanceOf(ConflictError);
    await expect(refused).rejects.toMatchObject({ code, hint: expect.stringContaining('--force') });
    expect(equalJson(await give(), SHOP_1)).toBe(true);
    await take(next, { force: true });
    expect(equalJson(await give(), next)).toBe(true);
  });

  test('a destroyed stack, and one that was never deployed, have the same lineage', async () => {
    const { take, give } = await pulumiStack();
    const empty = (time: string) => at(time, deployment([]));
    await take(empty('2024-01-01T00:00:00Z'));
    for (const next of [at('2024-01-02T00:00:00Z', deployment([root()])), empty('2024-01-03T00:00:00Z')]) {
      await take(next);
      expect(equalJson(await give(), next)).toBe(true);
    }
    await expect(take(at('2024-01-04T00:00:00Z', SHOP_1))).rejects.toMatchObject({ code: 'LINEAGE_MISMATCH' });
  });

  test('an edit by `pulumi state` has the same time and is imported, unless the stack was changed here too', async () => {
    const { take, give, backend } = await pulumiStack();
    await take(deployment([root(), resource('x'), resource('y')]));
    const edited = deployment([root(), resource('x')]);
    await take(edited);
    expect(equalJson(await give(), edited)).toBe(true);
    await backend.execute({ type: 'apply', stack: 's', resources: [{ type: 'a:b:C', name: 'z' }] });
    await expect(take(edited)).rejects.toMatchObject({ code: 'STACK_CHANGED' });
    await take(edited, { force: true });
    expect(equalJson(await give(), edited)).toBe(true);
  });

  test('resources of another origin are not replaced, unless forced', async () => {
    const { take, give, backend } = await pulumiStack();
    await backend.execute({ type: 'apply', stack: 's', create: {}, resources: [{ type: 'server', name: 'web' }] });
    await expect(take(SHOP_1)).rejects.toMatchObject({ code: 'NOT_IMPORTED' });
    const state = '{"version":4,"serial":1,"lineage":"","outputs":{},"resources":[]}';
    const bytes = new TextEncoder().encode(state);
    await backend.execute(await backend.importCommand('s', bytes, { from: 'terraform', force: true }));
    await expect(take(SHOP_1)).rejects.toMatchObject({ code: 'LINEAGE_MISMATCH' });
    await take(SHOP_1, { force: true });
    expect(equalJson(await give(), SHOP_1)).toBe(true);
  });
});

describe('a stack that was changed since its import', () => {
  test('rolled back: the former resources in their former order', async () => {
    const { take, give, backend } = await pulumiStack();
    await take(SHOP_1);
    await take(SHOP_2);
    await backend.execute({ type: 'rollback', stack: 's', toVersion: 1 });
    // The manifest is not part of what a rollback undoes.
    const { manifest } = SHOP_2.deployment as JsonObject;
    const wanted = { ...SHOP_1, deployment: { ...(SHOP_1.deployment as JsonObject), manifest: manifest as Json } };
    expect(equalJson(await give(), wanted)).toBe(true);
    await backend.execute({ type: 'rollback', stack: 's', toVersion: 2 });
    expect(equalJson(await give(), SHOP_2)).toBe(true);
  });

  test('edited: outputs, the inputs that mirror them, dependencies, taint and outputs of the stack', async () => {
    const { take, give, backend } = await pulumiStack();
    await take(SHOP_1);
    await backend.execute({
      type: 'apply',
      stack: 's',
      resources: [
        {
          type: 'aws:ec2/instance:Instance',
          name: 'web',
          mode: 'merge',
          properties: { instanceType: 't3.large', privateIp: '10.0.1.18', userData: 'ffff' },
          dependencies: ['aws:ec2/ami:Ami.base', 'aws:ec2/vpc:Vpc.main', 'aws:sqs/queue:Queue.jobs'],
          state: 'tainted',
        },
        { type: 'aws:sqs/queue:Queue', name: 'jobs', properties: { id: 'https://queue', name: 'jobs' } },
        // The value in the place of a secret is one.
        { type: 'aws:rds/instance:Instance', name: 'orders', mode: 'merge', properties: { password: 'n3w' } },
      ],
      outputs: [
        { name: 'replicas', value: 5 },
        { name: 'token', value: { a: 1 }, sensitive: true },
      ],
      removeOutputs: ['url'],
    });
    const now = await give();
    const web = find(now, 'web');
    const before = find(SHOP_1, 'web') as { inputs: JsonObject; outputs: JsonObject } & JsonObject;
    const subnet = (before.dependencies as string[])[0] as string;
    const jobs = 'urn:pulumi:prod::shop::aws:sqs/queue:Queue::jobs';
    expect(web).toEqual({
      ...before,
      inputs: { ...before.inputs, instanceType: 't3.large' },
      outputs: { ...before.outputs, instanceType: 't3.large', privateIp: '10.0.1.18', userData: 'ffff' },
      dependencies: [...(before.dependencies as string[]).filter((one) => one !== subnet), jobs],
      propertyDependencies: { ...(before.propertyDependencies as JsonObject), subnetId: [] },
      taint: true,
    });
    expect(find(now, 'orders').outputs).toMatchObject({ password: { ...SECRET, plaintext: '"n3w"' } });
    expect(find(now, 'jobs')).toEqual({
      urn: jobs,
      custom: true,
      id: 'https://queue',
      type: 'aws:sqs/queue:Queue',
      inputs: {},
      outputs: { id: 'https://queue', name: 'jobs' },
      parent: 'urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod',
    });
    const { url: _, ...kept } = find(SHOP_1, 'shop-prod').outputs as JsonObject;
    expect(find(now, 'shop-prod').outputs).toEqual({
      ...kept,
      replicas: 5,
      token: { ...SECRET, plaintext: '{"a":1}' },
    });
    // All else is as it came, and what was depended on anew stands before.
    const names = (document: JsonObject) => listOf(document).map((item) => String(item.urn));
    expect(names(now).filter((one) => one !== jobs)).toEqual(names(SHOP_1));
    expect(names(now).indexOf(jobs)).toBe(names(now).indexOf(String(web.urn)) - 1);
    expect(find(now, 'www')).toEqual(find(SHOP_1, 'www'));
    expect(now.deployment).toMatchObject({ manifest: (SHOP_1.deployment as JsonObject).manifest });
  });

  test('taint removed, and a dependency and the stack resource removed', async () => {
    const { take, give, backend } = await pulumiStack();
    const { manifest } = SHOP_1.deployment as JsonObject;
    const wanted = [resource('x'), resource('y', { dependencies: [urn('x')], taint: true })];
    await take(deployment([root({ outputs: { o: 1 } }), ...wanted], { manifest: manifest as Json }));
    await backend.execute({
      type: 'apply',
      stack: 's',
      resources: [{ type: 'a:b:C', name: 'y', state: 'applied' }],
      remove: ['a:b:C.x', 'pulumi:pulumi:Stack.p-s'],
      dependents: 'leave',
    });
    const { taint: _, ...y } = wanted[1] as JsonObject;
    expect(listOf(await give())).toEqual([root({ outputs: { o: 1 } }), y]);
  });

  test('dependencies come first, all others keep their order', async () => {
    const { take, give, backend } = await pulumiStack();
    await take(deployment(['w', 'x', 'y', 'z'].map((name) => resource(name))));
    const dependencies = ['a:b:C.y', 'a:b:C.new', 'a:b:C.z'];
    const resources = [
      { type: 'a:b:C', name: 'x', dependencies },
      { type: 'a:b:C', name: 'new' },
    ];
    await backend.execute({ type: 'apply', stack: 's', resources });
    expect(listOf(await give()).map((item) => String(item.urn).at(-1))).toEqual(['w', 'y', 'z', 'w', 'x']);
  });

  test('resources added to a stack that was never deployed make a deployment', async () => {
    const { take, give, backend } = await pulumiStack();
    await take({ version: 3, checkpoint: { stack: 'o/p/s' } });
    await backend.execute({ type: 'apply', stack: 's', resources: [{ type: 'a:b:C', name: 'x' }] });
    expect(await give()).toMatchObject({
      version: 3,
      checkpoint: {
        stack: 'o/p/s',
        latest: { manifest: { version: 'v3.0.0' }, resources: [{ urn: 'urn:pulumi:s::sloth-runner::a:b:C::x' }] },
      },
    });
  });

  test('a chain of 20,000 is sorted', async () => {
    const { give, backend } = await pulumiStack();
    const name = (index: number) => `r${String(20_000 - index).padStart(5, '0')}`;
    const resources = Array.from({ length: 20_000 }, (_, index) => ({
      type: 'a:b:C',
      name: name(index),
      dependencies: index === 0 ? [] : [`a:b:C.${name(index - 1)}`],
    }));
    await backend.execute({ type: 'apply', stack: 's', create: {}, resources });
    expect(listOf(await give()).map((item) => String(item.urn).split('::').at(-1))).toEqual([
      'sloth-runner-s',
      ...resources.map((item) => item.name),
    ]);
  });
});

describe("what never was Pulumi's", () => {
  test('is a deployment that Pulumi can check', async () => {
    const { give, backend, take } = await pulumiStack();
    await backend.execute({
      type: 'apply',
      stack: 's',
      create: {},
      resources: [
        {
          type: 'aws:s3/bucket:Bucket',
          name: 'b',
          module: 'my:index:Site$my:index:Part',
          properties: { id: 'b-1', size: 1 },
        },
        {
          type: 'aws_instance',
          name: 'a[0]',
          properties: { id: 'i-1', pw: 'hunter2' },
          metadata: { sensitive: ['$.pw'] },
        },
        {
          type: 'aws_instance',
          name: 'a[1]',
          module: 'module.m',
          dependencies: ['my:index:Site$my:index:Part.aws:s3/bucket:Bucket.b'],
        },
        { type: 'server', name: 'z', dependencies: ['aws_instance.a', 'gone.away'] },
        // What another resource kept is not taken for this one's.
        { type: 'a:b:C', name: 'copy', metadata: { pulumi: { fields: { urn: urn('x') }, number: 1 } } },
      ],
      outputs: [{ name: 'o', value: [1] }],
      allowMissing: true,
    });
    const version = 'v3.0.0';
    const made = await give();
    const prefix = 'urn:pulumi:s::sloth-runner::';
    const parent = `${prefix}pulumi:pulumi:Stack::sloth-runner-s`;
    expect(made).toEqual({
      version: 3,
      deployment: {
        manifest: {
          time: expect.stringMatching(/^\d{4}-.*Z$/),
          magic: createHash('sha256').update(version).digest('hex'),
          version,
        },
        resources: [
          { urn: parent, custom: false, type: 'pulumi:pulumi:Stack', outputs: { o: [1] } },
          { urn: `${prefix}a:b:C::copy`, custom: false, type: 'a:b:C', inputs: {}, outputs: {}, parent },
          {
            urn: `${prefix}sloth-runner:index:aws_instance::a[0]`,
            custom: false,
            type: 'sloth-runner:index:aws_instance',
            inputs: {},
            outputs: { id: 'i-1', pw: { ...SECRET, plaintext: '"hunter2"' } },
            parent,
          },
          {
            urn: `${prefix}my:index:Site$my:index:Part$aws:s3/bucket:Bucket::b`,
            custom: true,
            id: 'b-1',
            type: 'aws:s3/bucket:Bucket',
            inputs: {},
            outputs: { id: 'b-1', size: 1 },
            parent,
          },
          {
            urn: `${prefix}sloth-runner:index:module.m$sloth-runner:index:aws_instance::a[1]`,
            custom: false,
            type: 'sloth-runner:index:aws_instance',
            inputs: {},
            outputs: {},
            parent,
            dependencies: [`${prefix}my:index:Site$my:index:Part$aws:s3/bucket:Bucket::b`],
          },
          {
            urn: `${prefix}sloth-runner:index:server::z`,
            custom: false,
            type: 'sloth-runner:index:server',
            inputs: {},
            outputs: {},
            parent,
            dependencies: [`${prefix}sloth-runner:index:aws_instance::a[0]`],
          },
        ],
      },
    });
    await take(made, { force: true });
    expect(equalJson(await give(), made)).toBe(true);
  });

  test('two resources that would have one urn are refused', async () => {
    const { give, backend, take } = await pulumiStack();
    const type = 'sloth-runner:index:server';
    await take(deployment([root(), resource('web', { urn: urn('web', type), type })]));
    await backend.execute({ type: 'apply', stack: 's', resources: [{ type: 'server', name: 'web' }] });
    await expect(give()).rejects.toMatchObject({ code: 'URN_TAKEN', details: { urn: urn('web', type) } });
  });
});

const long = 'x'.repeat(1025);

test.each<[string, Json | string, string, string?]>([
  ['an empty file', '', 'document'],
  ['an array', '[]', 'document'],
  ['a text', '"state"', 'document'],
  ['a Terraform state', '{"version":4,"serial":1,"lineage":"x","resources":[]}', 'document'],
  ['both forms at once', { version: 3, deployment: {}, checkpoint: {} }, 'document'],
  ['no version', { deployment: {} }, 'version'],
  ['version 1', { version: 1, deployment: {} }, 'version', 'must be 3 or 4'],
  ['version 2', { version: 2, checkpoint: {} }, 'version'],
  ['version 5', { version: 5, deployment: {} }, 'version'],
  ['a version that is text', { version: '3', deployment: {} }, 'version'],
  ['a deployment that is a list', { version: 3, deployment: [] }, 'deployment'],
  ['a checkpoint that is null', { version: 3, checkpoint: null }, 'checkpoint'],
  ['resources that are an object', { version: 3, deployment: { resources: {} } }, 'deployment.resources'],
  ['a resource that is a text', deployment([root(), 'x']), 'deployment.resources.1'],
  ['a resource without urn', deployment([{ type: 'a:b:C' }]), 'deployment.resources.0.urn'],
  [
    'a resource without type',
    { version: 3, checkpoint: { latest: { resources: [{ urn: urn('x') }] } } },
    'checkpoint.latest.resources.0.type',
  ],
  [
    'an urn that is none',
    deployment([root(), resource('x', { urn: 'urn:pulumi:a::b' })]),
    'deployment.resources.1',
    '"urn:pulumi:a::b"',
  ],
  ['an urn without name', deployment([resource('')]), 'deployment.resources.0', 'name must not be empty'],
  [
    'an urn without type',
    deployment([resource('x', { urn: urn('x', 'a:b:C$') })]),
    'deployment.resources.0',
    'type must not be empty',
  ],
  ['a name with a line break', deployment([resource('x\ny')]), 'deployment.resources.0', 'control characters'],
  ['a name too long', deployment([resource(long)]), 'deployment.resources.0', '1024 bytes'],
  [
    'a resource twice',
    deployment([resource('x'), root(), resource('x')]),
    'deployment.resources.2',
    `"${urn('x')}" is a resource already, at deployment.resources.0`,
  ],
  [
    'an output whose name is none',
    deployment([root({ outputs: { 'a\n': 1 } })]),
    'deployment.resources.0.outputs',
    '"a\\n"',
  ],
])('%s is no state: refused with its place', async (_, document, field, told = '') => {
  const { take, backend } = await pulumiStack();
  const error = await take(document).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error).toMatchObject({
    code: 'INVALID_PULUMI_STATE',
    details: { field, file: 'state.json' },
    hint: expect.stringContaining('version 3 or 4'),
    message: expect.stringContaining(told),
  });
  expect(await backend.findStack('s')).toBeUndefined();
});

test('invalid JSON is refused with the line', async () => {
  const { take } = await pulumiStack();
  await expect(take('{"version":3,\n"deployment":')).rejects.toMatchObject({ code: 'INVALID_JSON' });
});
