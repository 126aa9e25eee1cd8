import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import type { NewEvent } from '../../src/events/index.js';
import type { Json, JsonObject } from '../../src/lib/json.js';
import { fieldChanges } from '../../src/lib/json-diff.js';
import {
  aValue,
  dependencyRemoved,
  EARLIER,
  type Given,
  given,
  LATER,
  NOW,
  placeOf,
  request,
  resourceCreated,
  resourceRemoved,
  stackCreated,
} from '../support/decision.js';
import { reads } from '../support/reads.js';
import { KINDS } from '../support/stores.js';
import { world } from '../support/world.js';

const stack = stackCreated();
const properties = { size: 1, tags: { env: 'prod' } };
const value = aValue({
  properties,
  dependencies: ['db.main'],
  state: 'failed',
  metadata: { m: 1 },
  lastApplied: EARLIER,
  errorMessage: 'boom',
});
const web = resourceCreated('app.web', value);
/** The position of its first event; its edge's event follows. */
const WEB = 2;
const db = resourceCreated('db.main');
const DB = 4;
const accept = { type: 'acceptDrift', stack: 'web', resource: 'app.web' } as const;

interface Fields {
  readonly expected?: Json;
  /** The changes at these paths. */
  readonly paths?: readonly string[];
  readonly changes?: readonly object[];
  /** Null: the stack has no value. */
  readonly resource?: number | null;
  readonly resourceId?: string;
}

/** An open finding with all changes, or those at the given paths. */
function finding(actual: Json, fields: Fields = {}): NewEvent {
  const { expected = properties, paths, resource = WEB, resourceId = 'res-2' } = fields;
  const changes = fieldChanges(expected, actual)
    .filter(({ path }) => paths?.includes(path) ?? true)
    .map(({ path, before, after }) => ({
      path,
      ...(before === undefined ? {} : { expected: before }),
      ...(after === undefined ? {} : { actual: after }),
    }));
  return {
    type: 'DriftDetected',
    data: {
      ...(resource === null ? {} : { resource }),
      resourceId,
      expected,
      actual,
      fields: [],
      changes: (fields.changes ?? changes) as typeof changes,
    },
  };
}
/** A stack with both resources, and a finding, which is the fifth event. */
const knowing = (found: NewEvent, ...later: readonly Given[]) => given(stack, web, db, found, ...later);
const about = { finding: 5, resourceId: 'res-2' };
const resolved = (reason = 'accepted') => ({ type: 'DriftResolved', data: { ...about, reason } }) as const;
const updated = (after: JsonObject) =>
  ({
    type: 'ResourceUpdated',
    data: {
      resource: WEB,
      ...placeOf('app.web'),
      ...value,
      properties: after,
      checksum: aValue({ properties: after }).checksum,
    },
  }) as const;

describe('acceptDrift', () => {
  const actual = { size: 2, tags: { env: 'dev' }, list: [1, { id: 'a' }] };

  it('makes the found state the expected one; the rest of the resource stays', () => {
    knowing(finding(actual)).when(accept).thenEvents(updated(actual), resolved());
    knowing(finding(actual))
      .when({ ...accept, reason: 'on purpose' })
      .thenEvents(updated(actual), resolved('on purpose'));
  });

  it('removes properties that no longer exist', () => {
    knowing(finding({ size: 1 }))
      .when(accept)
      .thenEvents(updated({ size: 1 }), resolved());
  });

  it('finds the resource by its id too', () => {
    knowing(finding(actual))
      .when({ ...accept, resource: 'res-2' })
      .thenEvents(updated(actual), resolved());
    const [event] = given(
      stack,
      resourceCreated('app.web', { ...value, id: 'w' }),
      finding(actual, { resourceId: 'w' }),
    )
      .when({ ...accept, resource: 'w' })
      .events();
    expect(event).toMatchObject({ type: 'ResourceUpdated', data: { resource: WEB, id: 'w', properties: actual } });
  });

  it('keeps the expected value where a rule excludes the difference', () => {
    knowing(finding(actual, { paths: ['$.size', '$.list'] }))
      .when(accept)
      .thenEvents(updated({ size: 2, tags: { env: 'prod' }, list: [1, { id: 'a' }] }), resolved());
    knowing(finding({ size: 1 }, { paths: [] }))
      .when(accept)
      .thenEvents(resolved());
    knowing(finding({ size: 1, tags: { env: 'dev', more: 1 } }, { paths: ['$.tags.env'] }))
      .when(accept)
      .thenEvents(updated({ size: 1, tags: { env: 'dev' } }), resolved());
  });

  it('removes the resource if it no longer exists', () => {
    knowing(finding(null))
      .when(accept)
      .thenEvents(resourceRemoved('app.web', WEB), dependencyRemoved('app.web', 'db.main'), resolved());
  });

  it('refuses to remove a resource with dependents, unless they are removed or left', () => {
    const known = knowing(finding(null), resourceCreated('user.one', { dependencies: ['app.web'] }));
    expect(known.when(accept).refused('HAS_DEPENDENTS').exitCode).toBe(5);
    const types = (dependents: 'cascade' | 'leave') =>
      known
        .when({ ...accept, dependents })
        .events()
        .map(({ type, data }) => `${type} ${(data as { name?: string }).name ?? ''}`);
    expect(types('leave')).toEqual(['ResourceRemoved web', 'DependencyRemoved ', 'DriftResolved ']);
    expect(types('cascade')).toEqual([
      'ResourceRemoved one',
      'DependencyRemoved ',
      'ResourceRemoved web',
      'DependencyRemoved ',
      'DriftResolved ',
    ]);
  });

  const ignored = (expiresAt: string | null): NewEvent => ({
    type: 'DriftIgnored',
    data: { ...about, reason: 'known', expiresAt },
  });

  it.each<[string, readonly NewEvent[]]>([
    ['is pending', []],
    ['is ignored for good', [ignored(null)]],
    [`is ignored until ${LATER}`, [ignored(LATER)]],
    [`was ignored until ${NOW}`, [ignored(NOW)]],
  ])('accepts a finding that %s', (_, later) => {
    knowing(finding(actual), ...later)
      .when(accept)
      .thenEvents(updated(actual), resolved());
  });

  it('refuses without an open finding', () => {
    for (const known of [given(stack, web), knowing(finding(actual), { type: 'DriftCleared', data: about })]) {
      expect(known.when(accept).refused('DRIFT_NOT_FOUND').exitCode).toBe(3);
    }
  });

  it('refuses a finding about something that is not a resource of the stack', () => {
    const found = finding(actual, { resource: null, resourceId: 'app.web' });
    expect(given(stack, found).when(accept).refused('RESOURCE_NOT_FOUND').exitCode).toBe(3);
    knowing(finding(actual), [resourceRemoved('app.web', WEB), dependencyRemoved('app.web', 'db.main')])
      .when(accept)
      .refused('RESOURCE_NOT_FOUND');
  });

  it.each<[what: string, found: NewEvent]>([
    ['was changed since', finding(actual, { expected: { size: 0 } })],
    ['was compared with something else', finding({ a: 2 }, { expected: { a: 1 } })],
    ['is another one now', finding(actual, { resource: DB })],
    ['was none then', finding(actual, { resource: null })],
    ['was compared in another way', finding(actual, { changes: [{ path: '$.other', expected: 1, actual: 2 }] })],
  ])('refuses if the resource %s', (_, found) => {
    const error = knowing(found).when(accept).refused('DRIFT_OUTDATED');
    expect(error).toMatchObject({ exitCode: 5, details: { stack: 'web', resource: 'app.web' } });
    expect(error.hint).toContain('again');
  });

  it('ignores the spelling of numbers and the order of keys', () => {
    const found = finding(actual, { expected: { tags: { env: 'prod' }, size: 1 } });
    knowing(found).when(accept).thenEvents(updated(actual), resolved());
  });

  it.each([1, 'text', [{}], true])('refuses %j, which cannot be properties', (found) => {
    const error = knowing(finding(found)).when(accept).refused('ACCEPT_NOT_PROPERTIES');
    expect(error).toMatchObject({ exitCode: 2, details: { resource: 'app.web' } });
  });

  it('requests the resource by address and id, and its last finding', () => {
    expect(request(accept).keys).toEqual({
      stack: 'web',
      addresses: ['app.web'],
      resourceIds: ['app.web'],
      driftOf: ['app.web'],
    });
  });
});

describe.each(KINDS)('in a life (%s)', (location) => {
  it.each(['t.a', 'id-a'])(
    'what was accepted is a version, is no drift any more, and can be undone: %s',
    async (ref) => {
      const { store, run } = await world(location);
      await run({ type: 'createStack', id: 's', name: 's' });
      const before = {
        rules: [
          { id: 'x', port: 1 },
          { id: 'y', port: 2 },
        ],
        etag: 'e1',
        tags: { a: 1 },
      };
      await run({ type: 'apply', stack: 's', resources: [{ type: 't', name: 'a', id: 'id-a', properties: before }] });
      await run({ type: 'addDriftRule', stack: 's', resourceType: 't', path: '**.etag', reason: 'by itself' });
      const actual = {
        rules: [
          { id: 'z', port: 3 },
          { id: 'x', port: 9 },
        ],
        etag: 'e2',
        tags: { a: 1, b: 2 },
      };
      const detect: Command = { type: 'detectDrift', stack: 's', findings: [{ resource: 't.a', actual }] };
      await run(detect);
      const receipt = await run({ type: 'acceptDrift', stack: 's', resource: ref }, { reason: 'because' });
      expect(receipt).toMatchObject({ version: 3, events: 2 });
      const accepted = (await reads(store).resource(1, 't.a'))?.value.properties;
      expect(accepted).toEqual({
        // In the order of discovery, or the next check would record another one.
        rules: [
          { id: 'z', port: 3 },
          { id: 'x', port: 9 },
        ],
        etag: 'e1',
        tags: { a: 1, b: 2 },
      });
      expect(await reads(store).drift(1)).toMatchObject([
        { isDrifted: false, resolutionStatus: 'resolved', reason: 'accepted' },
      ]);
      expect((await run(detect)).events).toBe(0);
      expect((await reads(store).commits(1))[0]).toMatchObject({
        kind: 'accept drift',
        changed: 1,
        description: 'because',
      });
      await run({ type: 'rollback', stack: 's', toVersion: 2 });
      expect((await reads(store).resource(1, 't.a'))?.value.properties).toEqual(before);
    },
  );
});
