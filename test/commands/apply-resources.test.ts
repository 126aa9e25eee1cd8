import { describe, expect, it } from 'vitest';
import type { NewEvent, ResourceValue } from '../../src/events/index.js';
import { JsonNumber, type JsonObject, parseJson } from '../../src/lib/json.js';
import { readFacts } from '../model/read/facts.js';
import {
  aValue,
  dependencyAdded,
  dependencyRemoved,
  type Given,
  given,
  NOW,
  placeOf,
  request,
  resourceCreated,
  resourceRemoved,
  stackCreated,
  stateAfter,
} from '../support/decision.js';

const stack = stackCreated();
const OLD = '2020-01-01T00:00:00.000Z';

/** Whether targets exist is tested elsewhere. */
const apply = (fields: object) => ({ type: 'apply', stack: 'web', allowMissing: true, ...fields }) as const;
const resource = (fields: object = {}) => ({ type: 'app', name: 'web', ...fields });
/** The position of the first event of app.web, if the stack has it. */
const WEB = 2;
const identity = placeOf('app.web');
const created = (value: Partial<ResourceValue> = {}, fields: object = {}): NewEvent => ({
  type: 'ResourceCreated',
  data: { ...identity, ...aValue(value), ...fields },
});
const updated = (value: Partial<ResourceValue> = {}, fields: object = {}): NewEvent => ({
  type: 'ResourceUpdated',
  data: { resource: WEB, ...identity, ...aValue(value), ...fields },
});
const edgeAdded = (target: string, address = 'app.web'): NewEvent => dependencyAdded(address, target);
const edgeRemoved = (target: string, address = 'app.web'): NewEvent => dependencyRemoved(address, target);
const removed = (fields: object = {}): NewEvent => resourceRemoved('app.web', WEB, fields);

/** A stack with one resource of this value. */
const having = (value: Partial<ResourceValue> = {}, place: { readonly id?: string } = {}) =>
  given(stack, resourceCreated('app.web', { lastApplied: OLD, ...value, ...place }));
const empty = given(stack);

describe('apply: a new resource', () => {
  it('is created with defaults', () => {
    empty.when(apply({ resources: [resource()] })).thenEvents(created());
  });

  it('is created with all fields, exactly, and its edges', () => {
    const value = {
      properties: parseJson('{"big":12345678901234567890,"__proto__":{"x":1.0}}') as JsonObject,
      dependencies: ['db.main', 'net.vpc'],
      state: 'tainted',
      metadata: [1],
      lastApplied: OLD,
      errorMessage: 'e',
    };
    empty
      .when(apply({ resources: [resource({ id: 'w', ...value, dependencies: ['db.main', 'net.vpc', 'db.main'] })] }))
      .thenEvents(created(value, { id: 'w' }), edgeAdded('db.main'), edgeAdded('net.vpc'));
  });

  it('in a module has the module in its address', () => {
    empty
      .when(apply({ resources: [resource({ module: 'module.a', dependencies: ['x.y'] })] }))
      .thenEvents(created({ dependencies: ['x.y'] }, { module: 'module.a' }), edgeAdded('x.y', 'module.a.app.web'));
  });

  it.each(['pending', 'failed'])('that is %s has not been applied', (state) => {
    empty.when(apply({ resources: [resource({ state })] })).thenEvents(created({ state, lastApplied: null }));
  });

  it('has a checksum of its properties as they are stored', () => {
    const checksum = (properties: JsonObject) => {
      const [event] = empty.when(apply({ resources: [resource({ properties })] })).events();
      return event?.type === 'ResourceCreated' ? event.data.checksum : undefined;
    };
    // sha256 of {"a":1.0}
    expect(checksum({ a: new JsonNumber('1.0') })).toBe(
      'c29a44abc114a1d75486434c013102c9e736f526b4fd19658d9492b7b224de6d',
    );
    expect(checksum({ a: 1 })).not.toBe(checksum({ a: new JsonNumber('1.0') }));
  });

  it('with `merge` is created like any other', () => {
    empty
      .when(apply({ resources: [resource({ mode: 'merge', properties: { a: 1 } })] }))
      .thenEvents(created({ properties: { a: 1 } }));
  });
});

describe('apply: a known resource', () => {
  const full = {
    properties: { a: 1, b: { c: 2 } },
    dependencies: ['db.main'],
    state: 'failed',
    metadata: { m: 1 },
    errorMessage: 'e',
  };

  it('is replaced: its properties are the new ones, every omitted field stays', () => {
    having(full)
      .when(apply({ resources: [resource({ properties: { z: 1 } })] }))
      .thenEvents(updated({ ...full, properties: { z: 1 }, lastApplied: OLD }));
    having(full)
      .when(apply({ resources: [resource({ properties: {} })] }))
      .thenEvents(updated({ ...full, properties: {}, lastApplied: OLD }));
    having(full)
      .when(apply({ resources: [resource({ state: 'tainted' })] }))
      .thenEvents(updated({ ...full, state: 'tainted', lastApplied: OLD }));
  });

  it('is merged: the named properties change, every omitted field stays', () => {
    having(full)
      .when(apply({ resources: [resource({ mode: 'merge', properties: { b: 3, d: null } })] }))
      .thenEvents(updated({ ...full, properties: { a: 1, b: 3, d: null }, lastApplied: OLD }));
    having(full)
      .when(apply({ resources: [resource({ mode: 'merge', state: 'applied', errorMessage: null })] }))
      .thenEvents(updated({ ...full, state: 'applied', errorMessage: null, lastApplied: NOW }));
  });

  it('is merged with empty values too', () => {
    having(full)
      .when(apply({ resources: [resource({ mode: 'merge', dependencies: [], metadata: null })] }))
      .thenEvents(updated({ ...full, dependencies: [], metadata: null, lastApplied: OLD }), edgeRemoved('db.main'));
  });

  it('keeps a `__proto__` property through a merge', () => {
    having({ properties: parseJson('{"__proto__":{"a":1}}') as JsonObject })
      .when(apply({ resources: [resource({ mode: 'merge', properties: { b: 1 } })] }))
      .thenEvents(updated({ properties: parseJson('{"__proto__":{"a":1},"b":1}') as JsonObject }));
  });

  it.each<[string, Partial<ResourceValue>, object]>([
    ['nothing is given', {}, {}],
    ['the same is given', full, full],
    ['only the order of keys differs', full, { ...full, properties: { b: { c: 2 }, a: 1 } }],
    ['only the spelling of a number differs', full, { ...full, properties: { a: new JsonNumber('1.0'), b: { c: 2 } } }],
    ['a number comes as a bigint', full, { ...full, properties: { a: 1n, b: { c: 2 } } }],
    ['it is merged with what it holds', full, { mode: 'merge', properties: { b: { c: 2 } } }],
    ['it is merged with nothing', full, { mode: 'merge' }],
    ['only the time it was applied at differs', full, { ...full, lastApplied: '2021-01-01T00:00:00.000Z' }],
  ])('does not change if %s', (_, value, given) => {
    having(value)
      .when(apply({ resources: [resource(given)] }))
      .thenEvents();
  });

  it.each<[string, object]>([
    ['a type', { properties: { a: '1', b: { c: 2 } } }],
    ['a property', { properties: { a: 1 } }],
    ['null for absent', { properties: { a: 1, b: { c: 2 }, d: null } }],
    ['the dependencies', { dependencies: ['net.vpc'] }],
    ['the order of dependencies', { dependencies: ['db.main', 'db.main2'] }],
    ['the state', { state: 'applied' }],
    ['the metadata', { metadata: { m: '1' } }],
    ['the error', { errorMessage: null }],
  ])('is updated if %s differs', (_, change) => {
    const [event] = having(full)
      .when(apply({ resources: [resource({ ...full, ...change })] }))
      .events();
    expect(event?.type).toBe('ResourceUpdated');
    expect(event?.data).toMatchObject(change);
  });

  it('was applied now if its state says so, at the given time if there is one, else at the previous time', () => {
    const at = (fields: object) => {
      const [event] = having({ state: 'pending' })
        .when(apply({ resources: [resource({ state: 'applied', ...fields })] }))
        .events();
      return event?.type === 'ResourceUpdated' ? event.data.lastApplied : undefined;
    };
    expect(at({})).toBe(NOW);
    expect(at({ state: undefined, properties: { n: 1 } })).toBe(OLD);
    expect(at({ state: 'failed' })).toBe(OLD);
    expect(at({ lastApplied: '2021-01-01T00:00:00.000Z' })).toBe('2021-01-01T00:00:00.000Z');
    expect(at({ state: 'failed', lastApplied: '2021-01-01T00:00:00.000Z' })).toBe('2021-01-01T00:00:00.000Z');
  });

  it('gains and loses the edges that differ, removals first', () => {
    having({ dependencies: ['a.a', 'b.b', 'c.c'] })
      .when(apply({ resources: [resource({ dependencies: ['d.d', 'b.b', 'e.e'] })] }))
      .thenEvents(
        updated({ dependencies: ['d.d', 'b.b', 'e.e'] }),
        edgeRemoved('a.a'),
        edgeRemoved('c.c'),
        edgeAdded('d.d'),
        edgeAdded('e.e'),
      );
  });

  it('cannot depend on itself, neither newly nor still', () => {
    const error = empty
      .when(apply({ resources: [resource({ dependencies: ['a.a', 'app.web'] })] }))
      .refused('DEPENDS_ON_ITSELF');
    expect(error).toMatchObject({ exitCode: 2, details: { address: 'app.web' } });
    having({ dependencies: ['app.web'] })
      .when(apply({ resources: [resource({ mode: 'merge', state: 'x' })] }))
      .refused('DEPENDS_ON_ITSELF');
  });
});

describe('apply: the id of a resource', () => {
  it('is kept by later changes that do not name it', () => {
    having({}, { id: 'w' })
      .when(apply({ resources: [resource({ state: 'x' })] }))
      .thenEvents(updated({ state: 'x', lastApplied: OLD }, { id: 'w' }));
  });

  it('may be stated again', () => {
    having({}, { id: 'w' })
      .when(apply({ resources: [resource({ id: 'w' })] }))
      .thenEvents();
  });

  it('cannot change, nor be assigned later', () => {
    const error = having({}, { id: 'w' })
      .when(apply({ resources: [resource({ id: 'v' })] }))
      .refused('RESOURCE_ID_FIXED');
    expect(error.exitCode).toBe(5);
    expect(error.message).toContain('has the id w');
    expect(
      having()
        .when(apply({ resources: [resource({ id: 'v' })] }))
        .refused('RESOURCE_ID_FIXED').message,
    ).toContain('has the id res-2');
  });

  it('can be a new one, or none, after the resource was removed', () => {
    const gone = [stack, resourceCreated('app.web', { id: 'w' }), removed({ id: 'w' })];
    given(...gone)
      .when(apply({ resources: [resource({ id: 'v' })] }))
      .thenEvents(created({}, { resource: WEB, id: 'v' }));
    given(...gone)
      .when(apply({ resources: [resource()] }))
      .thenEvents(created({}, { resource: WEB }));
  });

  it('cannot be that of another resource, of this stack or another', () => {
    const other = resourceCreated('db.main', { id: 'w' });
    const refused = (...past: readonly Given[]) =>
      given(...past)
        .when(apply({ resources: [resource({ id: 'w' })] }))
        .refused('RESOURCE_ID_TAKEN');
    expect(refused(stack, other).details).toEqual({ field: 'id', id: 'w', address: 'db.main' });
    const elsewhere = refused(stackCreated({ id: 'stack-2', name: 'api' }), other, stack);
    expect(elsewhere.details).toEqual({ field: 'id', id: 'w' });
    expect(elsewhere.message).not.toContain('db.main');
  });

  it.each(['res-1', 'res-0012'])('cannot be %s, which is reserved for generated ids', (id) => {
    const error = empty.when(apply({ resources: [resource({ id })] })).refused('INVALID_INPUT');
    expect(error.details.field).toBe('resources.0.id');
  });

  it.each(['res-', 'res-x', 'ares-1', 'res-1a', 'RES-1'])('can be %s', (id) => {
    empty.when(apply({ resources: [resource({ id })] })).thenEvents(created({}, { id }));
  });
});

describe('apply: duplicates are refused', () => {
  it.each<[string, object, string]>([
    ['an address', { resources: [resource(), resource({ properties: { a: 1 } })] }, 'app.web'],
    [
      'an address spelled by other parts',
      {
        resources: [
          { module: 'a', type: 'b.c', name: 'd' },
          { module: 'a.b', type: 'c', name: 'd' },
        ],
      },
      'a.b.c.d',
    ],
    ['a resource id', { resources: [resource({ id: 'w' }), resource({ name: 'x', id: 'w' })] }, 'w'],
    [
      'an output',
      {
        outputs: [
          { name: 'o', value: 1 },
          { name: 'o', value: 1 },
        ],
      },
      'o',
    ],
    ['an output to set and remove', { outputs: [{ name: 'o', value: 1 }], removeOutputs: ['o'] }, 'o'],
    ['an output to remove', { removeOutputs: ['o', 'o'] }, 'o'],
    ['a resource to set and remove', { resources: [resource()], remove: ['app.web'] }, 'app.web'],
    ['a resource to set and remove by id', { resources: [resource()], remove: ['w'] }, 'app.web'],
    ['a resource to remove', { remove: ['app.web', 'app.web'] }, 'app.web'],
    ['a resource to remove by address and id', { remove: ['app.web', 'w'] }, 'app.web'],
  ])('%s', (_, fields, key) => {
    const error = having({}, { id: 'w' }).when(apply(fields)).refused('GIVEN_TWICE');
    expect(error).toMatchObject({ exitCode: 2, details: { key } });
  });

  it('an address of another type and name', () => {
    const error = given(stack, resourceCreated('a.b.c', { module: 'a', type: 'b', name: 'c' }))
      .when(apply({ resources: [{ type: 'a', name: 'b.c' }] }))
      .refused('ADDRESS_TAKEN');
    expect(error).toMatchObject({ exitCode: 5, details: { address: 'a.b.c', module: 'a', type: 'b', name: 'c' } });
  });
});

describe('apply: removing resources', () => {
  it('removes one by address, with its edges', () => {
    having({ dependencies: ['a.a', 'b.b'] })
      .when(apply({ remove: ['app.web'] }))
      .thenEvents(removed(), edgeRemoved('a.a'), edgeRemoved('b.b'));
  });

  it('removes one by its id, assigned or generated', () => {
    having({}, { id: 'w' })
      .when(apply({ remove: ['w'] }))
      .thenEvents(removed({ id: 'w' }));
    having()
      .when(apply({ remove: ['res-2'] }))
      .thenEvents(removed());
  });

  it('prefers an address to an equal id', () => {
    given(stack, resourceCreated('app.web'), resourceCreated('db.main', { id: 'app.web' }))
      .when(apply({ remove: ['app.web'] }))
      .thenEvents(removed());
  });

  it('refuses one that never existed, was removed, or belongs to another stack', () => {
    expect(empty.when(apply({ remove: ['app.web'] })).refused('RESOURCE_NOT_FOUND')).toMatchObject({
      exitCode: 3,
      details: { resource: 'app.web' },
    });
    given(stack, resourceCreated('app.web'), removed())
      .when(apply({ remove: ['app.web'] }))
      .refused('RESOURCE_NOT_FOUND');
    given(stackCreated({ id: 'stack-2', name: 'api' }), resourceCreated('app.web', { id: 'w' }), stack)
      .when(apply({ remove: ['w'] }))
      .refused('RESOURCE_NOT_FOUND');
  });
});

describe('apply: the requested facts', () => {
  it('are each resource by address and id, nothing more', () => {
    const command = apply({
      resources: [resource({ id: 'w' }), resource({ module: 'm', name: 'x' })],
      remove: ['db.main'],
      outputs: [{ name: 'o', value: 1 }],
      removeOutputs: ['p'],
    });
    const { likely: _, ...keys } = request(command).keys;
    expect(keys).toEqual({
      stack: 'web',
      document: false,
      addresses: ['app.web', 'm.app.x', 'db.main'],
      resourceIds: ['w', 'db.main'],
      outputs: ['o', 'p'],
    });
  });

  it('include the likely keys of the edge query, as far as the properties show them', () => {
    const command = apply({
      resources: [
        resource({ id: 'w', properties: { id: 'own', of: 'i-1', list: ['i-2', { deep: 'i-1' }], n: 1, none: '' } }),
        resource({ name: 'x' }),
      ],
    });
    const { keys, decide } = request(command);
    const likely = keys.likely?.();
    expect(likely).toEqual({ from: ['app.web', 'app.x'], known: ['own', 'i-1', 'i-2'] });
    const decided = decide(readFacts(stateAfter([stack]), keys), NOW);
    const { of } = 'decide' in decided ? decided.keys : { of: [] };
    expect(of.map(({ address }) => address)).toEqual(likely?.from);
    expect(likely?.known).toEqual(expect.arrayContaining(of.flatMap(({ values }) => values)));
    expect(request(apply({ outputs: [{ name: 'o', value: 1 }] })).keys).not.toHaveProperty('likely');
  });

  it('include the stack fields if they change, and the holders of the name and the id if the stack may be created', () => {
    expect(request(apply({ document: { description: 'new' } })).keys).toMatchObject({ document: true });
    expect(request(apply({ create: { id: 'w' } })).keys).toMatchObject({ name: 'web', id: 'w', document: false });
  });
});

describe('apply: properties', () => {
  it.each<[string, unknown]>([
    ['an array', []],
    ['null', null],
    ['a text', 'x'],
    ['a number', 1],
    ['an exact number', new JsonNumber('1.0')],
    ['a date', new Date(0)],
  ])('are an object, not %s', (_, properties) => {
    const error = empty
      .when(apply({ resources: [resource(), resource({ name: 'x', properties })] }))
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('resources.1.properties');
  });
});
