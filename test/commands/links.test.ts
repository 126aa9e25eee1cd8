import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/index.js';
import type { JsonObject } from '../../src/lib/json.js';
import { dependencyAdded, type Given, given, resourceCreated, stackCreated } from '../support/decision.js';

/** A resource with these properties. */
const resource = (address: string, properties: JsonObject = {}, fields: object = {}) =>
  resourceCreated(address, { properties, ...fields });
/** A stack with these events after its creation. */
const having = (past: readonly Given[]) => given(stackCreated(), ...past);
const implicit = (address: string, target: string, path: string | null = null) =>
  dependencyAdded(address, target, { dependencyType: 'implicit', path });
const apply = (fields: object) => ({ type: 'apply', stack: 'web', ...fields }) as const;
const set = (name: string, properties: JsonObject = {}, fields: object = {}) => ({
  type: 'a',
  name,
  properties,
  ...fields,
});

/** The edges that events add or remove: `+ from > to type path`. */
const edgesOf = (events: readonly NewEvent[]): string[] =>
  events.flatMap(({ type, data }) => {
    if (type === 'DependencyRemoved') return [`- ${data.address} > ${data.target}`];
    if (type !== 'DependencyAdded') return [];
    return [`+ ${data.address} > ${data.target} ${data.dependencyType}${data.path === null ? '' : ` ${data.path}`}`];
  });
const edges = (past: readonly Given[], fields: object): string[] => edgesOf(having(past).when(apply(fields)).events());

describe('a reference in properties', () => {
  it.each([
    ['${b.x.id}', 'b.x'],
    ['before ${b.x.id} after', 'b.x'],
    ['${upper(b.x.id)}', 'b.x'],
    ['${b.x[0].id}', 'b.x[0]'],
    ['${b.x["k"].id}', 'b.x["k"]'],
    ['${b.x[*].id}', 'b.x'],
    ['${b.x.*.id}', 'b.x'],
    ['${data.b.x.id}', 'data.b.x'],
    ['${module.m.b.x.id}', 'module.m.b.x'],
    ['${module.m[0].module.n.b.x.id}', 'module.m[0].module.n.b.x'],
    ['$$${b.x.id}', 'b.x'],
  ])('%s is to %s', (text, target) => {
    expect(edges([], { resources: [set('w', { p: [{ q: text }] })] })).toEqual([`+ a.w > ${target} implicit $.p[0].q`]);
  });

  it.each([
    '${b.x}',
    '$${b.x.id}',
    'b.x.id',
    '${var.b.x}',
    '${local.b.x}',
    '${each.value.x}',
    '${module.m.out}',
    '${b}',
  ])('%s is none', (text) => {
    expect(edges([], { resources: [set('w', { p: text })] })).toEqual([]);
  });

  it('is to its own module, unless it names one', () => {
    const resources = [set('w', { p: '${b.x.id} ${module.n.b.y.id}' }, { module: 'module.m' })];
    expect(edges([], { resources })).toEqual([
      '+ module.m.a.w > module.m.b.x implicit $.p',
      '+ module.m.a.w > module.n.b.y implicit $.p',
    ]);
  });

  it('counts once, from the first place, and is replaced by a declared one', () => {
    const properties = { p: '${b.x.id}', q: '${b.x.name} ${b.y.id}' };
    expect(edges([resource('b.y')], { resources: [set('w', properties, { dependencies: ['b.y'] })] })).toEqual([
      '+ a.w > b.y explicit',
      '+ a.w > b.x implicit $.p',
    ]);
  });

  it('to the resource itself, or to all its instances, is none', () => {
    expect(edges([], { resources: [set('w', { p: '${a.w.id}' }), set('v[0]', { p: '${a.v.id}' })] })).toEqual([]);
  });

  it('is removed when the properties no longer contain it, and becomes implicit when it is no longer declared', () => {
    const state = [resource('a.w', { p: '${b.x.id}' }, { dependencies: ['b.y'] }), implicit('a.w', 'b.x', '$.p')];
    expect(edges(state, { resources: [set('w', { q: '${b.y.id}' }, { dependencies: [] })] })).toEqual([
      '- a.w > b.x',
      '+ a.w > b.y implicit $.q',
    ]);
  });

  it('follows the result of a merge', () => {
    const state = [
      resource('a.w', { p: '${b.x.id}', q: 'v-1' }),
      resource('b.v', {}, { id: 'v-1' }),
      implicit('a.w', 'b.v', '$.q'),
      implicit('a.w', 'b.x', '$.p'),
    ];
    expect(edges(state, { resources: [set('w', { r: 1 }, { mode: 'merge' })] })).toEqual([]);
  });
});

describe('a value that identifies another resource', () => {
  it.each<[string, readonly Given[]]>([
    ['its id', [resource('b.x', {}, { id: 'v-1' })]],
    ['its property id', [resource('b.x', { id: 'v-1' })]],
    ['its declared identity', [resource('b.x', {}, { metadata: { identity: 'v-1' } })]],
  ])('makes a dependency: %s', (_, state) => {
    expect(edges(state, { resources: [set('w', { net: { ids: ['x', 'v-1'] } })] })).toEqual([
      '+ a.w > b.x implicit $.net.ids[1]',
    ]);
  });

  it('makes one on a resource of the same commit, in any order', () => {
    const resources = [set('w', { p: 'v-1' }), { type: 'b', name: 'x', properties: { id: 'v-1' } }];
    expect(edges([], { resources })).toEqual(['+ a.w > b.x implicit $.p']);
  });

  it('may be a generated id, also in the same commit', () => {
    const state = [resource('b.x')];
    const resources = [set('w', { p: 'res-2' }), { type: 'b', name: 'x', properties: { n: 1 } }];
    expect(edges(state, { resources: [set('w', { p: 'res-2' })] })).toEqual(['+ a.w > b.x implicit $.p']);
    expect(edges(state, { resources })).toEqual(['+ a.w > b.x implicit $.p']);
  });

  it('must be the whole text, and a text', () => {
    const state = [resource('b.x', { id: '1' })];
    expect(edges(state, { resources: [set('w', { p: 1, q: 'x1', r: '' })] })).toEqual([]);
  });

  it('that identifies the resource itself means only that one', () => {
    const state = [resource('b.policy', { id: 'bucket' })];
    expect(edges(state, { resources: [set('bucket', { id: 'bucket', bucket: 'bucket' })] })).toEqual([]);
  });

  it('that identifies several resources means none of them', () => {
    const state = [resource('b.x', { id: 'v' }), resource('b.y', { id: 'v' })];
    expect(edges(state, { resources: [set('w', { p: 'v' })] })).toEqual([]);
    const one = [resource('b.x', { id: 'v' })];
    expect(edges(one, { resources: [set('w', { p: 'v' }), set('o', { id: 'v' })] })).toEqual([]);
  });

  it('counts with the state after the commit', () => {
    const state = [resource('b.x', { id: 'old' }), resource('b.y', { id: 'v' })];
    const resources = [set('w', { p: 'old', q: 'new' }), { type: 'b', name: 'x', properties: { id: 'new' } }];
    expect(edges(state, { resources })).toEqual(['+ a.w > b.x implicit $.q']);
    expect(edges(state, { resources: [set('w', { p: 'v' })], remove: ['b.y'] })).toEqual([]);
  });

  it('adds no second edge to an instance of a declared target', () => {
    const state = [resource('b.x[0]', { id: 'v' })];
    expect(edges(state, { resources: [set('w', { p: 'v' }, { dependencies: ['b.x'] })] })).toEqual([
      '+ a.w > b.x explicit',
    ]);
  });

  it('closes no cycle: two resources that hold each other’s ids depend on neither', () => {
    const resources = [set('w', { id: 'w', p: 'v' }), set('v', { id: 'v', p: 'w' }), set('u', { p: 'w' })];
    expect(edges([], { resources })).toEqual(['+ a.u > a.w implicit $.p']);
    const declared = [set('w', { id: 'w' }, { dependencies: ['a.v'] }), set('v', { p: 'w' })];
    expect(edges([], { resources: declared })).toEqual(['+ a.w > a.v explicit']);
  });

  it('closes no cycle along edges of resources that the commit does not name', () => {
    const on = (...targets: string[]) => ({ dependencies: targets });
    const state = [resource('a.u'), resource('a.x', {}, on('a.u')), resource('a.v', {}, on('a.x'))];
    const resources = [
      set('v', { id: 'v-1' }, { dependencies: ['a.x'] }),
      set('u', { p: 'v-1' }),
      set('w', { p: 'v-1' }),
    ];
    expect(edges(state, { resources })).toEqual(['+ a.w > a.v implicit $.p']);
  });

  it('is found again when a resource is stated again unchanged', () => {
    const state = [resource('a.w', { p: 'v' }), resource('b.x', { id: 'v' })];
    expect(edges(state, { resources: [set('w', { p: 'v' })] })).toEqual(['+ a.w > b.x implicit $.p']);
  });
});

describe('an edge that a caller adds', () => {
  it('stays, if it is implicit and has no path in the properties', () => {
    const state = [resource('a.w'), resource('b.x'), implicit('a.w', 'b.x'), implicit('a.w', 'b.y', '$.p')];
    expect(edges(state, { resources: [set('w', { p: 1 })] })).toEqual(['- a.w > b.y']);
    expect(edges(state, { resources: [set('w', {}, { state: 'failed' })] })).toEqual([]);
  });
});

describe('a cycle', () => {
  const refused = (state: readonly Given[], fields: object) =>
    having(state).when(apply(fields)).refused('DEPENDENCY_CYCLE');

  it('of declared dependencies is refused with its path', () => {
    const state = [
      resource('a.u'),
      resource('a.v', {}, { dependencies: ['a.u'] }),
      resource('a.w', {}, { dependencies: ['a.v'] }),
    ];
    const error = refused(state, { resources: [set('u', {}, { dependencies: ['a.w'] })] });
    expect(error).toMatchObject({ exitCode: 5, details: { cycle: ['a.u', 'a.w', 'a.v', 'a.u'] } });
    expect(error.message).toContain('a.u → a.w → a.v → a.u');
  });

  it('is found from the nearer end', () => {
    const on = (...targets: string[]) => ({ dependencies: targets });
    const names = ['a', 'b', 'c', 'd'];
    const others = names.map((name) => resource(`b.${name}`));
    const state = [
      ...others,
      resource('a.u'),
      resource('a.v', {}, on('a.u')),
      resource('a.w', {}, on('a.v', ...names.map((name) => `b.${name}`))),
    ];
    refused(state, { resources: [set('u', {}, { dependencies: ['a.w'] })] });
    const turned = [
      ...others,
      resource('a.u'),
      ...names.map((name) => resource(`a.${name}`, {}, on('a.u'))),
      resource('a.w', {}, on('a.u')),
    ];
    refused(turned, { resources: [set('u', {}, { dependencies: ['a.w'] })] });
  });

  it('within one commit, and through a reference, is refused', () => {
    const error = refused([], { resources: [set('u', {}, { dependencies: ['a.v'] }), set('v', { p: '${a.u.id}' })] });
    expect(error.details.cycle).toHaveLength(3);
  });

  it('through instances is refused', () => {
    const state = [resource('a.v[0]'), resource('a.w', {}, { dependencies: ['a.v'] })];
    expect(refused(state, { resources: [set('v[0]', {}, { dependencies: ['a.w'] })] }).details.cycle).toEqual([
      'a.v[0]',
      'a.w',
      'a.v',
      'a.v[0]',
    ]);
    refused([], { resources: [set('v[0]', {}, { dependencies: ['a.v'] })] });
  });

  it('that the same commit breaks elsewhere is none', () => {
    const state = [resource('a.u'), resource('a.v', {}, { dependencies: ['a.u'] })];
    const turned = [set('v', {}, { dependencies: [] }), set('u', {}, { dependencies: ['a.v'] })];
    expect(edges(state, { resources: turned })).toEqual(['- a.v > a.u', '+ a.u > a.v explicit']);
    expect(
      edges(state, { remove: ['a.v'], resources: [set('u', {}, { dependencies: ['b.x'] })], allowMissing: true }),
    ).toEqual(['- a.v > a.u', '+ a.u > b.x explicit']);
  });

  it('that already exists does not block others', () => {
    const resources = ['a.u', 'a.v', 'a.w'].map((address) => resource(address));
    const state = [...resources, dependencyAdded('a.u', 'a.v'), dependencyAdded('a.v', 'a.u')];
    expect(edges(state, { resources: [set('w', {}, { dependencies: ['a.u'] })] })).toEqual(['+ a.w > a.u explicit']);
  });

  it('of addDependency is refused, implicit or not', () => {
    const state = [resource('a.u'), resource('a.v', {}, { dependencies: ['a.u'] })];
    for (const dependencyType of ['explicit', 'implicit'] as const) {
      having(state)
        .when({ type: 'addDependency', stack: 'web', resource: 'a.u', dependsOn: 'a.v', dependencyType })
        .refused('DEPENDENCY_CYCLE');
    }
  });
});

describe('a dependency on a missing resource', () => {
  it('is refused with its name', () => {
    const error = having([resource('b.x')])
      .when(apply({ resources: [set('w', {}, { dependencies: ['b.x', 'b.y', 'b.z'] })] }))
      .refused('DEPENDENCY_MISSING');
    expect(error).toMatchObject({
      exitCode: 2,
      details: { field: 'dependencies', missing: [{ resource: 'a.w', dependsOn: 'b.y' }, { dependsOn: 'b.z' }] },
    });
  });

  it('is allowed on request, or if it existed before', () => {
    const declared = { resources: [set('w', {}, { dependencies: ['b.y'] })] };
    expect(edges([], { ...declared, allowMissing: true })).toEqual(['+ a.w > b.y explicit']);
    const before = resource('a.w', {}, { dependencies: ['b.y'] });
    expect(edges([before], { resources: [set('w', { p: 1 }, { dependencies: ['b.y'] })] })).toEqual([]);
  });

  it('is none if the commit creates the target, or if it is an instance', () => {
    const resources = [set('w', {}, { dependencies: ['a.v', 'b.x'] }), set('v')];
    expect(edges([resource('b.x[0]')], { resources })).toHaveLength(2);
  });

  it('is one if the commit removes the target', () => {
    having([resource('b.x')])
      .when(apply({ remove: ['b.x'], resources: [set('w', {}, { dependencies: ['b.x'] })] }))
      .refused('DEPENDENCY_MISSING');
  });
});

describe('a resource with dependents', () => {
  const on = (target: string) => ({ dependencies: [target] });
  const chain = [resource('a.u'), resource('a.v', {}, on('a.u')), resource('a.w', {}, on('a.v'))];
  const removing = (state: readonly Given[], fields: object) => having(state).when(apply(fields));

  it('is not removed, and the error names them', () => {
    const error = removing(chain, { remove: ['a.u'] }).refused('HAS_DEPENDENTS');
    expect(error).toMatchObject({ exitCode: 5, details: { dependents: [{ resource: 'a.v', dependsOn: 'a.u' }] } });
    expect(error.message).toContain('a.v depends on a.u');
  });

  it('counts resources that refer to it or contain its id', () => {
    for (const path of ['$.p', null]) {
      const state = [resource('a.u'), resource('a.v'), implicit('a.v', 'a.u', path)];
      removing(state, { remove: ['a.u'] }).refused('HAS_DEPENDENTS');
    }
  });

  it('is removed after all its dependents, on request', () => {
    const events = removing(chain, { remove: ['a.u'], dependents: 'cascade' }).events();
    expect(
      events.map(({ type, data }) => [type, 'name' in data ? data.name : 'address' in data ? data.address : '']),
    ).toEqual([
      ['ResourceRemoved', 'w'],
      ['DependencyRemoved', 'a.w'],
      ['ResourceRemoved', 'v'],
      ['DependencyRemoved', 'a.v'],
      ['ResourceRemoved', 'u'],
    ]);
  });

  it('is removed alone on request', () => {
    const events = removing(chain, { remove: ['a.u'], dependents: 'leave' }).events();
    expect(events.map(({ type }) => type)).toEqual(['ResourceRemoved']);
  });

  it('may be removed together with its dependents, or if they no longer depend on it', () => {
    expect(removing(chain, { remove: ['a.w', 'a.v', 'a.u'] }).events()).toHaveLength(5);
    const freed = [{ type: 'a', name: 'v', dependencies: [] }];
    expect(edges(chain, { remove: ['a.u'], resources: freed })).toEqual(['- a.v > a.u']);
  });

  it('may be removed while another instance of it exists', () => {
    const state = [resource('a.u[0]'), resource('a.u[1]'), resource('a.v', {}, on('a.u'))];
    expect(removing(state, { remove: ['a.u[1]'] }).events()).toHaveLength(1);
    expect(removing(state, { remove: ['a.u[0]'] }).events()).toHaveLength(1);
    removing(state, { remove: ['a.u[0]', 'a.u[1]'] }).refused('HAS_DEPENDENTS');
  });

  it('does not remove a resource that the same commit states', () => {
    const stated = [{ type: 'a', name: 'v', properties: { p: 1 } }];
    removing(chain, { remove: ['a.u'], resources: stated, dependents: 'cascade' }).refused('HAS_DEPENDENTS');
    expect(edges(chain, { remove: ['a.u'], resources: stated, allowMissing: true })).toEqual([]);
  });
});
