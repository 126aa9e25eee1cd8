import { describe, expect, it } from 'vitest';
import { JsonNumber } from '../../src/lib/json.js';
import {
  given,
  outputSet,
  request,
  resourceCreated,
  stackCreated,
  stackDeleted,
  stackUpdated,
} from '../support/decision.js';

const stack = stackCreated();
const apply = (fields: object = {}) => ({ type: 'apply', stack: 'web', ...fields }) as const;
const set = (name: string, value: unknown, fields: object = {}) => outputSet(name, { value: value as null, ...fields });

describe('apply: outputs', () => {
  const known = given(stack, outputSet('o'), outputSet('secret', { sensitive: true, metadata: 'string' }));

  it('sets a new one and changes an existing one', () => {
    known
      .when(
        apply({
          outputs: [
            { name: 'p', value: null },
            { name: 'o', value: { a: new JsonNumber('1e400') } },
          ],
        }),
      )
      .thenEvents(set('p', null), set('o', { a: new JsonNumber('1e400') }));
  });

  it.each([
    { name: 'o', value: '1' },
    { name: 'o', value: 1, sensitive: true },
    { name: 'o', value: 1, metadata: 'number' },
  ])('changes an existing one to %j', (output) => {
    known.when(apply({ outputs: [output] })).thenEvents(set(output.name, output.value, output));
  });

  it('does not change one with the desired value', () => {
    known
      .when(
        apply({
          outputs: [
            { name: 'o', value: new JsonNumber('1.0') },
            { name: 'secret', value: 1, sensitive: true, metadata: 'string' },
          ],
        }),
      )
      .thenEvents();
  });

  it('removes one, before it sets others', () => {
    known
      .when(apply({ removeOutputs: ['o'], outputs: [{ name: 'p', value: 1 }] }))
      .thenEvents({ type: 'OutputRemoved', data: { name: 'o' } }, set('p', 1));
  });

  it('refuses to remove a missing one', () => {
    expect(known.when(apply({ removeOutputs: ['x'] })).refused('OUTPUT_NOT_FOUND').exitCode).toBe(3);
  });

  it('needs a value, which may be null', () => {
    const error = known.when(apply({ outputs: [{ name: 'p' }] })).refused('INVALID_INPUT');
    expect(error.details.field).toBe('outputs.0.value');
  });
});

describe('apply: the stack itself', () => {
  const origin = { format: 'terraform', lineage: 'l-1', serial: 4, header: { version: 4 } };

  /** At version 3. */
  const known = [
    stackCreated(),
    stackUpdated({ description: 'old' }),
    stackUpdated({ origin: { ...origin, version: 2 } }),
  ];

  it('changes its fields at the next version', () => {
    given(stackCreated(), stackUpdated({ description: 'old' }))
      .when(apply({ document: { description: 'new', origin } }))
      .thenEvents(stackUpdated({ description: 'new', origin: { ...origin, version: 3 } }));
  });

  it('records an origin again even if only its version differs, because exports count from there', () => {
    given(...known)
      .when(apply({ document: { origin } }))
      .thenEvents(stackUpdated({ origin: { ...origin, version: 4 } }));
  });

  it.each([{ serial: 5 }, { lineage: 'l-2' }, { header: {} }, { format: 'pulumi' }])(
    'takes a new origin: %j',
    (change) => {
      given(...known)
        .when(apply({ document: { origin: { ...origin, ...change } } }))
        .thenEvents(stackUpdated({ origin: { ...origin, ...change, version: 4 } }));
    },
  );

  it.each([-1, 1.5, '4'])('refuses the serial %j', (serial) => {
    const error = given(stack)
      .when(apply({ document: { origin: { ...origin, serial } } }))
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('document.origin.serial');
  });

  it('is not created unless requested', () => {
    given().when(apply()).refused('STACK_NOT_FOUND');
  });

  it('is created if it is missing, under the name in the command', () => {
    given()
      .when(apply({ create: { id: 'stack-7' }, document: { description: 'd', origin } }))
      .thenEvents(stackCreated({ id: 'stack-7', description: 'd', origin: { ...origin, version: 1 } }));
    const [event] = given()
      .when(apply({ create: {} }))
      .events();
    expect(event?.type === 'StackCreated' && event.data.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is not created again if it exists', () => {
    given(stack)
      .when(apply({ create: { id: 'stack-7' } }))
      .thenEvents();
  });

  it('is not created under a name or an id that is taken', () => {
    given(stackCreated({ id: 'web', name: 'old' }), stackDeleted('old'))
      .when(apply({ create: {} }))
      .refused('NAME_TAKEN');
    given(stackCreated({ id: 'stack-7', name: 'api' }))
      .when(apply({ create: { id: 'stack-7' } }))
      .refused('ID_TAKEN');
    expect(request(apply({ create: { id: 'stack-7' } })).keys).toMatchObject({ name: 'web', id: 'stack-7' });
  });
});

describe('apply: one commit', () => {
  it('contains everything in order: stack, removals, resources, outputs', () => {
    const events = given(stack, resourceCreated('a.old'), outputSet('o'))
      .when(
        apply({
          outputs: [{ name: 'p', value: 1 }],
          removeOutputs: ['o'],
          resources: [
            { type: 'a', name: 'one', dependencies: ['a.two'] },
            { type: 'a', name: 'two' },
          ],
          remove: ['a.old'],
          document: { status: 'active' },
        }),
      )
      .events();
    expect(events.map(({ type }) => type)).toEqual([
      'StackUpdated',
      'ResourceRemoved',
      'ResourceCreated',
      'DependencyAdded',
      'ResourceCreated',
      'OutputRemoved',
      'OutputSet',
    ]);
  });

  it('may hold 10,000 resources', () => {
    const resources = Array.from({ length: 10_000 }, (_, index) => ({
      type: 'a',
      name: `n${index}`,
      properties: { index },
    }));
    const events = given(stack, resourceCreated('a.n17', { properties: { index: 17 } }))
      .when(apply({ resources }))
      .events();
    expect(events).toHaveLength(9_999);
  });

  it.each(['apply', 'set', 'remove', 'import'])('has the kind %s', (kind) => {
    expect(request(apply({ kind })).meta.command).toBe(kind);
  });

  it('has the kind apply by default, and no other name', () => {
    expect(request(apply()).meta.command).toBe('apply');
    expect(
      given(stack)
        .when(apply({ kind: 'destroy' as 'apply' }))
        .refused('INVALID_INPUT').details.field,
    ).toBe('kind');
  });
});
