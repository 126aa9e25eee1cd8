import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { readGraph, readImpact } from '../../src/queries/graph.js';
import { buildGraph } from '../../src/queries/graph-build.js';
import type { EventStore } from '../../src/store/event-store.js';
import { runNow } from '../../src/store/program.js';
import type { EdgeRecord, NodeRecord } from '../../src/store/records.js';
import { type ReadsOf, snapshotOn } from '../../src/store/snapshot.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { aStack } from '../support/records.js';

/** A resource; the caller must list them in address order. `t.a[0]` is an instance of `t.a`. */
const node = (address: string, id = `id-${address}`): NodeRecord => {
  const base = address.replace(/\[.*\]$/, '');
  return { address, base: base === address ? null : base, type: address.split('.')[0] ?? '', id };
};

type Written = `${string} -> ${string}` | `${string} .> ${string}`;

/** `a -> b` is a declared edge, `a .> b` an implicit one. */
const edge = (text: Written): EdgeRecord => {
  const [address = '', arrow, target = ''] = text.split(' ');
  return {
    address,
    target,
    ...(arrow === '->' ? { type: 'explicit', path: null } : { type: 'implicit', path: '$.p' }),
  };
};

const written = ({ address, target, type, path }: EdgeRecord): string => {
  expect(path).toBe(type === 'explicit' ? null : '$.p');
  return `${address} ${type === 'explicit' ? '->' : '.>'} ${target}`;
};

/** A store that holds this one stack. */
const holding = (nodes: readonly NodeRecord[], edges: readonly EdgeRecord[]): Pick<EventStore, 'read'> => {
  const snapshot = snapshotOn({ stack: aStack, nodes: () => nodes, edges: () => edges } as unknown as ReadsOf);
  return { read: async (query) => runNow(query(snapshot)) };
};

const stackOf = (addresses: readonly string[], ...edges: Written[]) =>
  holding(
    addresses.map((address) => node(address)),
    edges.map(edge),
  );

const graphOf = async (store: Pick<EventStore, 'read'>, options?: Parameters<typeof readGraph>[2]) => {
  const { nodes, edges, order, cycles } = await store.read((s) => readGraph(s, 'web', options));
  return { nodes: nodes.map(({ address }) => address), edges: edges.map(written), order, cycles };
};

const WEB = stackOf(
  ['app.web', 'db.main', 'net.a', 'net.b', 'vpc.main'],
  'app.web -> db.main',
  'app.web .> net.b',
  'db.main -> net.a',
  'net.a -> vpc.main',
  'net.b -> vpc.main',
);

describe('the graph of a few resources', () => {
  test('is a directed graph with an edge from each to its dependency', () => {
    const graph = buildGraph([node('t.a'), node('t.b')], [edge('t.a .> t.b')]);
    expect([...(graph.dependencies[0] ?? [])]).toEqual([1]);
    expect([...(graph.dependencies[1] ?? [])]).toEqual([]);
    expect([...(graph.dependents[1] ?? [])]).toEqual([0]);
    expect(graph.nodes).toEqual([
      { address: 't.a', type: 't', id: 'id-t.a', missing: false },
      { address: 't.b', type: 't', id: 'id-t.b', missing: false },
    ]);
    expect(graph.links.map(({ from, to, edge: { type, path } }) => [from, to, { type, path }])).toEqual([
      [0, 1, { type: 'implicit', path: '$.p' }],
    ]);
  });

  test('leads to each instance if an edge names their base address, and to no other', async () => {
    const store = stackOf(['t.a', 't.b["x"]', 't.b["y"]', 't.bb'], 't.a -> t.b', 't.bb -> t.b["y"]');
    expect((await graphOf(store)).edges).toEqual(['t.a -> t.b["x"]', 't.a -> t.b["y"]', 't.bb -> t.b["y"]']);
  });

  test('leads to a resource and its instances with keys, if both exist', async () => {
    const store = stackOf(['t.a', 't.b', 't.b[0]'], 't.a -> t.b');
    expect((await graphOf(store)).edges).toEqual(['t.a -> t.b', 't.a -> t.b[0]']);
  });

  test('has one edge between two resources: declared if any of theirs is', async () => {
    const both = ['t.a .> t.b', 't.a -> t.b[0]'] as const;
    for (const edges of [both, both.toReversed()]) {
      expect((await graphOf(stackOf(['t.a', 't.b[0]'], ...edges))).edges).toEqual(['t.a -> t.b[0]']);
    }
  });

  test('contains missing targets of edges in address order, marked as missing', async () => {
    const store = stackOf(['t.a', 't.z'], 't.a -> t.gone', 't.old .> t.z', 't.z -> constructor', 't.z -> __proto__');
    const { nodes, edges, order } = await store.read((s) => readGraph(s, 'web'));
    expect(nodes.filter(({ missing }) => missing)).toEqual(
      ['__proto__', 'constructor', 't.gone', 't.old'].map((address) => ({
        address,
        type: null,
        id: null,
        missing: true,
      })),
    );
    expect(nodes.map(({ address }) => address)).toEqual(['__proto__', 'constructor', 't.a', 't.gone', 't.old', 't.z']);
    expect(edges.map(written)).toEqual(['t.a -> t.gone', 't.old .> t.z', 't.z -> __proto__', 't.z -> constructor']);
    expect(order).toEqual(['__proto__', 'constructor', 't.gone', 't.a', 't.z', 't.old']);
  });

  test('has an order: resources without dependencies first, then their dependents, each by address', async () => {
    expect(await graphOf(WEB)).toEqual({
      nodes: ['app.web', 'db.main', 'net.a', 'net.b', 'vpc.main'],
      edges: ['app.web -> db.main', 'app.web .> net.b', 'db.main -> net.a', 'net.a -> vpc.main', 'net.b -> vpc.main'],
      order: ['vpc.main', 'net.a', 'net.b', 'db.main', 'app.web'],
      cycles: [],
    });
    expect((await graphOf(stackOf(['t.10', 't.9', 't.a', 't.B'].sort()))).order).toEqual(['t.10', 't.9', 't.B', 't.a']);
  });

  test('of a stack without resources is empty', async () => {
    expect(await graphOf(stackOf([]))).toEqual({ nodes: [], edges: [], order: [], cycles: [] });
  });
});

describe('a part of a graph', () => {
  test.each<[string, Parameters<typeof readGraph>[2], readonly string[]]>([
    ['what a root depends on', { root: 'db.main' }, ['vpc.main', 'net.a', 'db.main']],
    ['what it depends on directly', { root: 'app.web', depth: 1 }, ['db.main', 'net.b', 'app.web']],
    ['as deep as it goes', { root: 'app.web', depth: 99 }, ['vpc.main', 'net.a', 'net.b', 'db.main', 'app.web']],
    ['what depends on it', { root: 'net.a', reverse: true }, ['net.a', 'db.main', 'app.web']],
    ['what depends on it directly', { root: 'vpc.main', reverse: true, depth: 1 }, ['vpc.main', 'net.a', 'net.b']],
    ['by id', { root: 'id-net.b' }, ['vpc.main', 'net.b']],
  ])('is %s, with its own order', async (_, options, order) => {
    const part = await graphOf(WEB, options);
    expect(part.order).toEqual(order);
    expect(part.nodes).toEqual([...order].sort());
    expect(part.edges).toEqual(
      (await graphOf(WEB)).edges.filter((text) => text.split(/ -> | \.> /).every((end) => order.includes(end))),
    );
    expect((await WEB.read((s) => readGraph(s, 'web', options))).root).toBe(options?.root?.replace('id-', ''));
  });

  test('an address takes precedence over an id', async () => {
    const store = holding([node('t.a', 't.b'), node('t.b', 't.a')], []);
    expect((await graphOf(store, { root: 't.a' })).nodes).toEqual(['t.a']);
  });

  test('may start at a missing resource', async () => {
    expect((await graphOf(stackOf(['t.a'], 't.a -> t.b'), { root: 't.b', reverse: true })).edges).toEqual([
      't.a -> t.b',
    ]);
  });

  test.each<[string, Parameters<typeof readGraph>[2], string, string]>([
    ['an unknown root', { root: 't.zzz' }, 'RESOURCE_NOT_FOUND', 't.zzz'],
    ['a depth without a root', { depth: 1 }, 'ROOT_MISSING', 'depth'],
    ['reverse without a root', { reverse: true }, 'ROOT_MISSING', 'reverse'],
    ['no depth at all', { root: 'app.web', depth: 0 }, 'INVALID_NUMBER', 'depth'],
    ['half a depth', { root: 'app.web', depth: 1.5 }, 'INVALID_NUMBER', 'depth'],
  ])('cannot be requested with %s', async (_, options, code, named) => {
    await expect(WEB.read((s) => readGraph(s, 'web', options))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(named),
    });
  });

  test('reverse: false counts as absent', async () => {
    expect(await graphOf(WEB, { reverse: false })).toEqual(await graphOf(WEB));
  });
});

describe('a graph with cycles', () => {
  test('has no order, and names one cycle per component, the shortest through its first resource', async () => {
    const store = stackOf(
      ['t.a', 't.b', 't.c', 't.d', 't.e', 't.f', 't.in', 't.out'],
      't.a -> t.b',
      't.b -> t.c',
      't.c -> t.a',
      't.c -> t.b', // a second cycle in the same component
      't.c -> t.d', // from one component to another
      't.e -> t.d',
      't.d -> t.e',
      't.f -> t.f',
      't.in -> t.a',
      't.d -> t.out',
    );
    const { order, cycles, edges } = await graphOf(store);
    expect(order).toBeNull();
    expect(cycles).toEqual([['t.a', 't.b', 't.c'], ['t.d', 't.e'], ['t.f']]);
    expect(edges).toHaveLength(10);
  });

  test('has an order if its part has no cycle', async () => {
    const store = stackOf(['t.a', 't.b', 't.c'], 't.a -> t.b', 't.b -> t.a', 't.b -> t.c');
    expect(await graphOf(store, { root: 't.c' })).toMatchObject({ order: ['t.c'], cycles: [] });
    expect(await graphOf(store, { root: 't.b', depth: 1 })).toMatchObject({ order: null, cycles: [['t.a', 't.b']] });
  });
});

describe('the impact of a resource', () => {
  test('is everything that depends on it, each after the one it is reached through', async () => {
    const { resource, affected } = await WEB.read((s) => readImpact(s, 'web', 'id-vpc.main'));
    expect(resource).toBe('vpc.main');
    expect(affected).toEqual([
      { address: 'net.a', type: 'net', depth: 1, via: ['vpc.main'] },
      { address: 'net.b', type: 'net', depth: 1, via: ['vpc.main'] },
      { address: 'db.main', type: 'db', depth: 2, via: ['net.a'] },
      { address: 'app.web', type: 'app', depth: 2, via: ['db.main', 'net.b'] },
    ]);
    expect((await WEB.read((s) => readImpact(s, 'web', 'app.web'))).affected).toEqual([]);
  });

  test('of a missing resource is what still refers to it', async () => {
    const store = stackOf(['t.a', 't.b'], 't.a -> t.gone', 't.b -> t.a');
    expect((await store.read((s) => readImpact(s, 'web', 't.gone'))).affected).toEqual([
      { address: 't.a', type: 't', depth: 1, via: ['t.gone'] },
      { address: 't.b', type: 't', depth: 2, via: ['t.a'] },
    ]);
    await expect(store.read((s) => readImpact(s, 'web', 't.never'))).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      exitCode: 3,
    });
  });

  test('in a cycle is everything else in it, in order; nearest first if a cycle is among others', async () => {
    const ring = stackOf(['t.a', 't.b', 't.c'], 't.a -> t.c', 't.b -> t.a', 't.c -> t.b');
    expect(
      (await ring.read((s) => readImpact(s, 'web', 't.a'))).affected.map(({ address, via }) => [address, ...via]),
    ).toEqual([
      ['t.b', 't.a'],
      ['t.c', 't.b'],
    ]);
    const behind = stackOf(['t.a', 't.b', 't.c'], 't.b -> t.c', 't.c -> t.b', 't.c -> t.a');
    expect((await behind.read((s) => readImpact(s, 'web', 't.a'))).affected).toEqual([
      { address: 't.c', type: 't', depth: 1, via: ['t.a', 't.b'] },
      { address: 't.b', type: 't', depth: 2, via: ['t.c'] },
    ]);
  });
});

describe('a chain of 50,000', () => {
  const LENGTH = 50_000;
  const name = (n: number): string => `t.n${String(n).padStart(6, '0')}`;
  const nodes = Array.from({ length: LENGTH }, (_, n) => node(name(n)));
  const chain = nodes
    .slice(1)
    .map(({ address }, n): EdgeRecord => ({ address, target: name(n), type: 'explicit', path: null }));

  test('has an order and an impact', async () => {
    const store = holding(nodes, chain);
    expect((await store.read((s) => readGraph(s, 'web'))).order).toEqual(nodes.map(({ address }) => address));
    const { affected } = await store.read((s) => readImpact(s, 'web', name(0)));
    expect(affected).toHaveLength(LENGTH - 1);
    expect(affected.at(-1)).toEqual({
      address: name(LENGTH - 1),
      type: 't',
      depth: LENGTH - 1,
      via: [name(LENGTH - 2)],
    });
  });

  test('with connected ends is one cycle', async () => {
    const ring: EdgeRecord[] = [...chain, { address: name(0), target: name(LENGTH - 1), type: 'explicit', path: null }];
    const { order, cycles } = await holding(nodes, ring).read((s) => readGraph(s, 'web'));
    expect(order).toBeNull();
    expect(cycles.map(({ length }) => length)).toEqual([LENGTH]);
  });
});

/** Up to 14 resources with edges among them, in an order unrelated to their addresses. */
const anyGraph = (isDag: boolean) =>
  fc
    .uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 14 })
    .chain((numbers) => {
      const end = fc.nat(numbers.length - 1);
      return fc.tuple(fc.constant(numbers.map((n) => `t.n${n}`)), fc.array(fc.tuple(end, end), { maxLength: 30 }));
    })
    .map(([names, pairs]) => {
      const links = pairs.flatMap(([a, b]) => {
        if (!isDag) return [[a, b] as const];
        return a === b ? [] : [[Math.max(a, b), Math.min(a, b)] as const];
      });
      const edges = new Map(links.map(([a, b]) => [`${names[a]} -> ${names[b]}`, edge(`${names[a]} -> ${names[b]}`)]));
      return {
        names,
        edges: [...edges.values()],
        store: holding(
          [...names].sort().map((one) => node(one)),
          [...edges.values()],
        ),
      };
    });

/** The fewest steps from one to another along the edges, by trying all paths of 1, 2, 3 … steps. */
function steps(edges: readonly EdgeRecord[], from: string, to: string): number | undefined {
  let reached = new Set([from]);
  for (let count = 1; count <= edges.length; count++) {
    reached = new Set(edges.filter(({ address }) => reached.has(address)).map(({ target }) => target));
    if (reached.has(to)) return count;
  }
  return undefined;
}

test(
  'of any graph without cycles: each comes after its dependencies; the impact is everything from which it is reachable',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph(true), async ({ names, edges, store }) => {
        const { order, cycles } = await store.read((s) => readGraph(s, 'web'));
        expect(cycles).toEqual([]);
        expect([...(order ?? [])].sort()).toEqual([...names].sort());
        const place = new Map(order?.map((address, index) => [address, index]));
        for (const { address, target } of edges) expect(place.get(address)).toBeGreaterThan(place.get(target) ?? 99);

        const [root = ''] = names;
        const { affected } = await store.read((s) => readImpact(s, 'web', root));
        const expected = names.flatMap((name) => {
          const depth = steps(edges, name, root);
          return depth === undefined ? [] : [[name, depth]];
        });
        expect(affected.map(({ address, depth }) => [address, depth]).sort()).toEqual(expected.sort());
        const reached = new Set([root]);
        for (const { address, via } of affected) {
          const direct = edges.filter((one) => one.address === address).map(({ target }) => target);
          const inside = direct.filter((one) => one === root || expected.some(([name]) => name === one));
          expect([...via].sort()).toEqual(inside.sort());
          for (const one of via) expect(reached).toContain(one);
          reached.add(address);
        }
      }),
      parameters(3),
    );
  },
  TIMEOUT,
);

test(
  'of any graph: the part from a root contains what is reachable within the depth',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        anyGraph(false),
        fc.boolean(),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        async ({ names, edges, store }, reverse, depth) => {
          const [root = ''] = names;
          const { nodes } = await store.read((s) => readGraph(s, 'web', { root, reverse, depth }));
          const near = names.filter((name) => {
            const distance = reverse ? steps(edges, name, root) : steps(edges, root, name);
            return name === root || (distance !== undefined && distance <= (depth ?? 99));
          });
          expect(nodes.map(({ address }) => address)).toEqual(near.sort());
        },
      ),
      parameters(3),
    );
  },
  TIMEOUT,
);

test(
  'of any graph: either an order, or a real cycle for each group of resources that reach one another',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph(false), async ({ names, edges, store }) => {
        const { order, cycles } = await store.read((s) => readGraph(s, 'web'));
        const mutual = (a: string, b: string): boolean =>
          steps(edges, a, b) !== undefined && steps(edges, b, a) !== undefined;
        const knotted = names.filter((name) => mutual(name, name)).sort();
        const firsts = knotted.filter((name) => !knotted.some((other) => other < name && mutual(name, other)));
        expect(order === null).toBe(firsts.length > 0);
        expect(cycles.map(([first]) => first)).toEqual(firsts);
        for (const cycle of cycles) {
          expect(cycle).toHaveLength(steps(edges, cycle[0] ?? '', cycle[0] ?? '') ?? 0);
          const pairs = cycle.map((one, index) => [one, cycle[(index + 1) % cycle.length]]);
          for (const [a, b] of pairs) {
            expect(edges.some(({ address, target }) => address === a && target === b)).toBe(true);
          }
        }
      }),
      parameters(3),
    );
  },
  TIMEOUT,
);

test('through the library, now and at a version', async () => {
  await using backend = await StateBackend.open(':memory:', { actor: 'test' });
  const stacks = backend.getStackManager();
  await stacks.createStack({ name: 'web' });
  await stacks.setResource('web', { type: 't', name: 'a', id: 'first' });
  await stacks.setResource('web', { type: 't', name: 'b', dependencies: ['t.a'] });
  await stacks.removeResource('web', 't.b');
  const shown = async (at?: { readonly version: number }) => {
    const { version, nodes, edges } = await backend.getGraph('web', { at });
    return [version, nodes.map(({ id }) => id), edges.map(written)];
  };
  expect(await shown()).toEqual([4, ['first'], []]);
  expect(await shown({ version: 3 })).toEqual([3, ['first', 'res-3'], ['t.b -> t.a']]);
  expect((await backend.getImpact('web', 'first', { version: 3 })).affected).toHaveLength(1);
  expect((await backend.getImpact('web', 'first')).affected).toEqual([]);
  await expect(backend.getGraph('web', { at: { version: 9 } })).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  await expect(backend.getImpact('web', 't.b')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
});
