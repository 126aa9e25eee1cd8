import { describe, expect, it } from 'vitest';
import {
  aValue,
  dependencyAdded,
  dependencyRemoved,
  given,
  NOW,
  placeOf,
  request,
  resourceCreated,
  resourceRemoved,
  stackCreated,
} from '../support/decision.js';

const stack = stackCreated();
const properties = { a: 1 };
const web = resourceCreated('app.web', {
  id: 'w',
  properties,
  dependencies: ['db.main'],
  state: 'pending',
  lastApplied: null,
});
/** The position of its first event. */
const WEB = 2;
const known = [stack, web, resourceCreated('net.vpc')];
const edge = { stack: 'web', resource: 'app.web', dependsOn: 'net.vpc' } as const;
const updated = (dependencies: string[]) => ({
  type: 'ResourceUpdated' as const,
  data: {
    resource: WEB,
    id: 'w',
    ...placeOf('app.web'),
    ...aValue({ properties, dependencies, state: 'pending', lastApplied: null }),
  },
});

describe('addDependency', () => {
  it('declares an explicit one with the resource', () => {
    given(...known)
      .when({ type: 'addDependency', ...edge })
      .thenEvents(updated(['db.main', 'net.vpc']), {
        type: 'DependencyAdded',
        data: { address: 'app.web', target: 'net.vpc', dependencyType: 'explicit', path: null },
      });
  });

  it('does not change the resource except for its time of application', () => {
    const applied = resourceCreated('app.web', { lastApplied: '2020-01-01T00:00:00.000Z', errorMessage: 'e' });
    const [event] = given(stack, applied, resourceCreated('net.vpc'))
      .when({ type: 'addDependency', ...edge })
      .events();
    expect(event?.data).toMatchObject({ state: 'applied', errorMessage: 'e', lastApplied: NOW });
  });

  it('records nothing if it is already declared', () => {
    given(...known)
      .when({ type: 'addDependency', ...edge, dependsOn: 'db.main' })
      .thenEvents();
  });

  it('records an implicit one as an edge only, with its path', () => {
    given(...known)
      .when({ type: 'addDependency', ...edge, dependencyType: 'implicit', path: '$.subnet' })
      .thenEvents({
        type: 'DependencyAdded',
        data: { address: 'app.web', target: 'net.vpc', dependencyType: 'implicit', path: '$.subnet' },
      });
  });

  it.each(['explicit', 'implicit'] as const)('records no implicit one beside an %s edge', (dependencyType) => {
    given(...known, dependencyAdded('app.web', 'net.vpc', { dependencyType }))
      .when({ type: 'addDependency', ...edge, dependencyType: 'implicit' })
      .thenEvents();
  });

  it('makes an implicit edge explicit', () => {
    const events = given(...known, dependencyAdded('app.web', 'net.vpc', { dependencyType: 'implicit' }))
      .when({ type: 'addDependency', ...edge })
      .events();
    expect(events.map(({ type }) => type)).toEqual(['ResourceUpdated', 'DependencyAdded']);
  });

  it.each(['explicit', 'implicit'] as const)('refuses a resource that depends on itself: %s', (dependencyType) => {
    given(...known)
      .when({ type: 'addDependency', ...edge, dependsOn: 'app.web', dependencyType })
      .refused('DEPENDS_ON_ITSELF');
  });

  it('refuses an unknown kind', () => {
    const error = given(...known)
      .when({ type: 'addDependency', ...edge, dependencyType: 'weak' as never })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('dependencyType');
  });
});

describe('removeDependency', () => {
  it('removes an explicit one from the declared ones', () => {
    given(...known, dependencyAdded('app.web', 'db.main', { path: '$.db' }))
      .when({ type: 'removeDependency', ...edge, dependsOn: 'db.main' })
      .thenEvents(updated([]), dependencyRemoved('app.web', 'db.main'));
  });

  it('removes an implicit one and does not change the resource', () => {
    given(...known, dependencyAdded('app.web', 'net.vpc', { dependencyType: 'implicit' }))
      .when({ type: 'removeDependency', ...edge })
      .thenEvents(dependencyRemoved('app.web', 'net.vpc'));
  });

  it('refuses a missing one', () => {
    const error = given(...known)
      .when({ type: 'removeDependency', ...edge })
      .refused('DEPENDENCY_NOT_FOUND');
    expect(error).toMatchObject({ exitCode: 3, details: { resource: 'app.web', dependsOn: 'net.vpc' } });
  });
});

describe.each(['addDependency', 'removeDependency'] as const)('%s', (type) => {
  it('refuses a missing or removed resource', () => {
    given(stack)
      .when({ type, ...edge })
      .refused('RESOURCE_NOT_FOUND');
    given(stack, web, resourceRemoved('app.web', WEB, { id: 'w' }))
      .when({ type, ...edge })
      .refused('RESOURCE_NOT_FOUND');
  });

  it('requests the resource and the edge only', () => {
    expect(request({ type, ...edge }).keys).toEqual({
      stack: 'web',
      addresses: ['app.web'],
      edges: [['app.web', 'net.vpc']],
    });
  });
});
