import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/index.js';
import { JsonNumber } from '../../src/lib/json.js';
import {
  driftRuleAdded,
  EARLIER,
  type Given,
  given,
  LATER,
  lockAcquired,
  NOW,
  request,
  resourceCreated,
  resourceRemoved,
  stackCreated,
} from '../support/decision.js';

const stack = stackCreated();
const properties = { size: 1, tags: { env: 'prod', 'a.b': 1 } };
const web = resourceCreated('app.web', { properties });
/** The position of its first event. */
const WEB = 2;
const known = [stack, web];
const other = stackCreated({ id: 'stack-2', name: 'api' });
const detect = (...findings: { resource: string; expected?: unknown; actual: unknown }[]) =>
  ({ type: 'detectDrift', stack: 'web', findings: findings as never }) as const;

const actual = { size: 2, tags: { env: 'prod', 'a.b': 1 } };
const detected = (fields: object = {}): NewEvent => ({
  type: 'DriftDetected',
  data: {
    resource: WEB,
    resourceId: 'res-2',
    expected: properties,
    actual,
    fields: ['size'],
    changes: [{ path: '$.size', expected: 1, actual: 2 }],
    ...fields,
  },
});
/** A stack with a finding, the event after those of `known`. */
const drifted = (...later: readonly Given[]) => [...known, detected(), ...later];
const about = { finding: 3, resourceId: 'res-2' };
const cleared: NewEvent = { type: 'DriftCleared', data: about };
const resolved: NewEvent = { type: 'DriftResolved', data: { ...about, reason: '' } };
const ignored = (expiresAt: string | null = null): NewEvent => ({
  type: 'DriftIgnored',
  data: { ...about, reason: 'known', expiresAt },
});
/** An open finding, ignored or not. */
const OPEN: readonly [what: string, past: readonly Given[]][] = [
  ['pending', drifted()],
  ['ignored', drifted(ignored())],
];

describe('detectDrift', () => {
  it('finds differences from the properties', () => {
    given(...known)
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents(detected());
  });

  it('treats null as expected null, not as absent', () => {
    const [event] = given(...known)
      .when(detect({ resource: 'app.web', expected: null, actual }))
      .events();
    expect(event?.data).toMatchObject({ resource: WEB, expected: null, changes: [{ path: '$', expected: null }] });
    given(stack)
      .when(detect({ resource: 'gone', expected: null, actual: null }))
      .thenEvents();
  });

  it('finds nothing if only order and spelling differ', () => {
    given(...known)
      .when(detect({ resource: 'app.web', actual: { tags: { 'a.b': new JsonNumber('1.0'), env: 'prod' }, size: 1 } }))
      .thenEvents();
  });

  it('finds nothing if a number is a bigint', () => {
    given(...known)
      .when(detect({ resource: 'app.web', actual: { ...properties, size: 1n } }))
      .thenEvents();
  });

  it('names each top-level field once, and omits the side without the field', () => {
    given(...known)
      .when(detect({ resource: 'app.web', actual: { size: '1', tags: { 'a.b': 2 }, 'x.y': null } }))
      .thenEvents({
        type: 'DriftDetected',
        data: {
          resource: WEB,
          resourceId: 'res-2',
          expected: properties,
          actual: { size: '1', tags: { 'a.b': 2 }, 'x.y': null },
          fields: ['size', 'tags', 'x.y'],
          changes: [
            { path: '$.size', expected: 1, actual: '1' },
            { path: '$.tags.env', expected: 'prod' },
            { path: '$.tags["a.b"]', expected: 1, actual: 2 },
            { path: '$["x.y"]', actual: null },
          ],
        },
      });
  });

  it.each(['a"b', 'a]b', 'a\\', '[0]', '', 'ключ', '__proto__', 'a b.c'])('names the field %j', (field) => {
    const holding = (value: string) => JSON.parse(`{${JSON.stringify(field)}:${value}}`);
    const [event] = given(...known)
      .when(detect({ resource: 'y', expected: {}, actual: holding('{"x":1}') }))
      .events();
    expect(event?.type === 'DriftDetected' && event.data.fields).toEqual([field]);
    const [nested] = given(...known)
      .when(detect({ resource: 'y', expected: holding('{"x":2}'), actual: holding('{"x":1}') }))
      .events();
    expect(nested?.type === 'DriftDetected' && nested.data.fields).toEqual([field]);
  });

  it.each([null, 'text', [properties]])('names the whole value if the actual value is not an object: %j', (found) => {
    const [event] = given(...known)
      .when(detect({ resource: 'app.web', actual: found }))
      .events();
    const changes = [{ path: '$', expected: properties, actual: found }];
    expect(event?.data).toMatchObject({ actual: found, fields: ['$'], changes });
  });

  it('compares with the expected value in the command rather than with the properties', () => {
    const [event] = given(...known)
      .when(detect({ resource: 'app.web', expected: { a: 1 }, actual: { a: 2 } }))
      .events();
    expect(event?.data).toMatchObject({ resource: WEB, expected: { a: 1 }, fields: ['a'] });
    given(...known)
      .when(detect({ resource: 'app.web', expected: { a: 1 }, actual: { a: 1 } }))
      .thenEvents();
  });

  it('finds a resource by its id too', () => {
    const named = resourceCreated('app.web', { id: 'w', properties });
    for (const resource of ['w', 'app.web']) {
      const [event] = given(stack, named)
        .when(detect({ resource, actual: {} }))
        .events();
      expect(event?.data).toMatchObject({ resource: WEB, resourceId: 'w', expected: properties });
    }
    const [event] = given(...known)
      .when(detect({ resource: 'res-2', actual: {} }))
      .events();
    expect(event?.data).toMatchObject({ resource: WEB, resourceId: 'res-2' });
  });

  it('records an unknown id unchanged', () => {
    const changes = [{ path: '$.a', expected: 1, actual: 2 }];
    const data = { resourceId: 'i-1', expected: { a: 1 }, actual: { a: 2 }, fields: ['a'], changes };
    for (const elsewhere of [[], [other, resourceCreated('app.web', { id: 'i-1' })]]) {
      given(...elsewhere, stack)
        .when(detect({ resource: 'i-1', expected: { a: 1 }, actual: { a: 2 } }))
        .thenEvents({ type: 'DriftDetected', data });
    }
  });

  it('refuses an unknown or removed id without an expected value', () => {
    const command = detect({ resource: 'app.web', actual: {} });
    expect(given(stack).when(command).refused('NOTHING_EXPECTED').exitCode).toBe(2);
    given(...known, resourceRemoved('app.web', WEB))
      .when(command)
      .refused('NOTHING_EXPECTED');
    given(other, resourceCreated('x.y', { id: 'app.web' }), stack)
      .when(command)
      .refused('NOTHING_EXPECTED');
  });

  it.each(OPEN)('clears a finding that no longer holds: %s', (_, past) => {
    given(...past)
      .when(detect({ resource: 'app.web', actual: properties }))
      .thenEvents(cleared);
  });

  it('does not clear one that was closed before', () => {
    given(...drifted(resolved))
      .when(detect({ resource: 'app.web', actual: properties }))
      .thenEvents();
  });

  it.each(OPEN)('does not record the same finding again: %s', (_, past) => {
    given(...past)
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents();
  });

  it('replaces an existing finding by another difference', () => {
    given(...known, detected({ actual: { size: 3 } }))
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents(cleared, detected());
    given(...known, detected({ expected: { size: 3 } }))
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents(cleared, detected());
  });

  it('records a finding again that reappeared, also after it was resolved', () => {
    given(...drifted(resolved))
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents(detected());
  });

  it('records a finding again that was ignored until a time in the past', () => {
    given(...drifted(ignored(NOW)))
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents(cleared, detected());
    given(...drifted(ignored(LATER)))
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents();
  });

  it('refuses the same resource twice, by address and by id', () => {
    given(...known)
      .when(detect({ resource: 'app.web', actual }, { resource: 'res-2', actual }))
      .refused('GIVEN_TWICE');
  });

  it('accepts several findings, each separately, and needs no lock', () => {
    const events = given(...known, resourceCreated('db.main'), lockAcquired())
      .when(
        detect(
          { resource: 'db.main', actual: {} },
          { resource: 'app.web', actual: {} },
          { resource: 'z', expected: 1, actual: 2 },
        ),
      )
      .events();
    expect(events.map(({ data }) => (data as { resourceId: string }).resourceId)).toEqual(['res-2', 'z']);
  });

  it('keeps a text that looks like a marker unchanged', () => {
    const size = '\u0000number:1:0,"x":[';
    const [event] = given(...known)
      .when(detect({ resource: 'app.web', expected: { size: 1 }, actual: { size } }))
      .events();
    expect(event?.data).toMatchObject({ changes: [{ path: '$.size', expected: 1, actual: size }] });
  });

  it('needs a finding, each with an actual value', () => {
    expect(
      given(...known)
        .when(detect())
        .refused('INVALID_INPUT').details.field,
    ).toBe('findings');
    expect(
      given(...known)
        .when(detect({ resource: 'app.web' } as never))
        .refused('INVALID_INPUT').details.field,
    ).toBe('findings.0.actual');
  });

  it('requests the resources by address and id, and their last findings', () => {
    expect(request(detect({ resource: 'app.web', actual: {} }, { resource: 'w', actual: {} })).keys).toEqual({
      stack: 'web',
      addresses: ['app.web', 'w'],
      resourceIds: ['app.web', 'w'],
      driftOf: ['app.web', 'w'],
      driftRules: true,
    });
  });
});

describe('rules', () => {
  const rule = driftRuleAdded;
  const found = { size: 2, tags: { env: 'dev', 'a.b': 1 }, etag: 'x' };
  const paths = (resource: string, actual: unknown, ...rules: readonly NewEvent[]) => {
    const [event] = given(...known, ...rules)
      .when(detect({ resource, actual, ...(resource === 'app.web' ? {} : { expected: properties }) }))
      .events();
    return event?.type === 'DriftDetected' ? event.data.changes.map(({ path }) => path) : event;
  };

  it('exclude matching paths from the changes and the fields; expected and actual stay complete', () => {
    given(...known, rule({ path: 'tags.*' }), rule({ resourceType: 'a*', path: '**.etag' }))
      .when(detect({ resource: 'app.web', actual: found }))
      .thenEvents({
        type: 'DriftDetected',
        data: {
          resource: WEB,
          resourceId: 'res-2',
          expected: properties,
          actual: found,
          fields: ['size'],
          changes: [{ path: '$.size', expected: 1, actual: 2 }],
        },
      });
  });

  it('that match everything leave no finding, and clear an existing one', () => {
    given(...known, rule({ path: 'size' }))
      .when(detect({ resource: 'app.web', actual }))
      .thenEvents();
    for (const [, past] of OPEN) {
      given(...past, rule({ path: 'size' }))
        .when(detect({ resource: 'app.web', actual }))
        .thenEvents(cleared);
    }
  });

  it.each<[what: string, before: readonly string[], rules: readonly string[], again: boolean]>([
    ['one that came since', ['$.size', '$.tags.env'], ['tags'], true],
    ['one that went since', ['$.size'], [], true],
    ['one in place of another', ['$.size'], ['size'], true],
    ['the same ones', ['$.size'], ['tags'], false],
  ])('lead to another finding of the same two states, or do not: %s', (_, before, rules, again) => {
    const now = { size: 2, tags: { env: 'dev', 'a.b': 1 } };
    const changes = before.map((path) => ({ path, expected: 'any', actual: 'thing' }));
    const events = given(...known, detected({ actual: now, changes }), ...rules.map((path) => rule({ path })))
      .when(detect({ resource: 'app.web', actual: now }))
      .events();
    expect(events.map(({ type }) => type)).toEqual(again ? ['DriftCleared', 'DriftDetected'] : []);
  });

  it('apply only to the types they name', () => {
    const all = ['$.etag', '$.size', '$.tags.env'];
    expect(paths('app.web', found, rule({ resourceType: 'app', path: 'size' }))).toEqual(['$.etag', '$.tags.env']);
    expect(paths('app.web', found, rule({ resourceType: 'a*p', path: 'size' }))).toEqual(['$.etag', '$.tags.env']);
    expect(paths('app.web', found, rule({ resourceType: 'db', path: 'size' }))).toEqual(all);
    expect(paths('app.web', found, rule({ resourceType: 'ap', path: 'size' }))).toEqual(all);
    // Something that is not a resource of the stack has no type: only * matches it.
    expect(paths('i-1', found, rule({ path: 'size' }))).toEqual(['$.etag', '$.tags.env']);
    expect(paths('i-1', found, rule({ resourceType: '**', path: 'size' }))).toEqual(all);
    expect(paths('i-1', found, rule({ resourceType: 'app', path: 'size' }))).toEqual(all);
  });

  it('apply until their expiry', () => {
    expect(paths('app.web', actual, rule({ path: 'size', expiresAt: LATER }))).toBeUndefined();
    expect(paths('app.web', actual, rule({ path: 'size', expiresAt: NOW }))).toEqual(['$.size']);
    expect(paths('app.web', actual, rule({ path: 'size', expiresAt: EARLIER }))).toEqual(['$.size']);
  });

  it('match a missing resource by $ or **, not by a field', () => {
    expect(paths('app.web', null, rule({ path: '$' }))).toBeUndefined();
    expect(paths('app.web', null, rule({ path: '**' }))).toBeUndefined();
    expect(paths('app.web', null, rule({ path: 'tags' }), rule({ path: 'size' }), rule({ path: '*' }))).toEqual(['$']);
  });

  it('apply to a removed resource by its former type', () => {
    given(...known, resourceRemoved('app.web', WEB), rule({ resourceType: 'app', path: 'a' }))
      .when(detect({ resource: 'app.web', expected: { a: 1 }, actual: { a: 2 } }))
      .thenEvents();
  });
});

describe.each(['resolveDrift', 'ignoreDrift'] as const)('%s', (type) => {
  const command = { type, stack: 'web', resource: 'app.web' } as const;

  it('refuses without a pending finding', () => {
    expect(
      given(...known)
        .when(command)
        .refused('DRIFT_NOT_FOUND').exitCode,
    ).toBe(3);
    given(...drifted(ignored()))
      .when(command)
      .refused('DRIFT_NOT_FOUND');
    given(...drifted(cleared))
      .when(command)
      .refused('DRIFT_NOT_FOUND');
  });

  it('requests the last finding', () => {
    expect(request(command).keys).toEqual({ stack: 'web', driftOf: ['app.web'] });
  });
});

describe('closing a finding', () => {
  it('resolves it, with or without a reason', () => {
    const resolve = { type: 'resolveDrift', stack: 'web', resource: 'app.web' } as const;
    given(...drifted())
      .when(resolve)
      .thenEvents({ type: 'DriftResolved', data: { ...about, reason: '' } });
    given(...drifted())
      .when({ ...resolve, reason: 'fixed\nby hand' })
      .thenEvents({ type: 'DriftResolved', data: { ...about, reason: 'fixed\nby hand' } });
  });

  it('ignores it, permanently or until a time', () => {
    const ignore = { type: 'ignoreDrift', stack: 'web', resource: 'app.web', reason: 'known' } as const;
    given(...drifted())
      .when(ignore)
      .thenEvents({ type: 'DriftIgnored', data: { ...about, reason: 'known', expiresAt: null } });
    given(...drifted())
      .when({ ...ignore, expiresAt: LATER })
      .thenEvents({ type: 'DriftIgnored', data: { ...about, reason: 'known', expiresAt: LATER } });
  });

  it.each([NOW, EARLIER])('refuses to ignore it until a time in the past: %s', (expiresAt) => {
    const error = given(...drifted())
      .when({ type: 'ignoreDrift', stack: 'web', resource: 'app.web', expiresAt })
      .refused('EXPIRY_PASSED');
    expect(error).toMatchObject({ exitCode: 2, details: { field: 'expiresAt', value: expiresAt } });
  });

  it.each([
    'tomorrow',
    '2026-01-02',
    '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.000',
    '2026-01-02T03:04:05.000+01:00',
    1,
  ])('refuses to ignore it until %j', (expiresAt) => {
    const error = given(...drifted())
      .when({ type: 'ignoreDrift', stack: 'web', resource: 'app.web', expiresAt: expiresAt as string })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('expiresAt');
  });
});
