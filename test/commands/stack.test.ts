import { describe, expect, it } from 'vitest';
import { JsonNumber } from '../../src/lib/json.js';
import {
  aDocument,
  EARLIER,
  given,
  lockAcquired,
  request,
  stackCreated,
  stackDeleted,
  stackUpdated,
} from '../support/decision.js';

const stack = stackCreated();
const document = aDocument();
const other = stackCreated({ id: 'stack-2', name: 'api' });
/** The position of the initial lock. */
const token = 2;

describe('createStack', () => {
  it('creates a stack with only a name', () => {
    given()
      .when({ type: 'createStack', name: 'web', id: 'stack-1' })
      .thenEvents({ type: 'StackCreated', data: { id: 'stack-1', ...document } });
  });

  it('creates a stack with all its fields, exactly', () => {
    const fields = {
      description: 'two\nlines',
      version: '1.0.0',
      status: 'active',
      workflowFile: 'a.yaml',
      configuration: { big: new JsonNumber('12345678901234567890'), list: [null] },
      metadata: 'any JSON',
    };
    given()
      .when({ type: 'createStack', name: 'web', id: 'stack-1', ...fields })
      .thenEvents({ type: 'StackCreated', data: { id: 'stack-1', name: 'web', ...fields, origin: null } });
  });

  it('gets a new id if none is given', () => {
    const ids = [1, 2].map(() => {
      const [event] = given().when({ type: 'createStack', name: 'web' }).events();
      return event?.type === 'StackCreated' ? event.data.id : undefined;
    });
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('refuses the name of another stack', () => {
    const error = given(stackCreated({ id: 'stack-9' }))
      .when({ type: 'createStack', name: 'web' })
      .refused('NAME_TAKEN');
    expect(error).toMatchObject({ exitCode: 5, details: { field: 'name', name: 'web', stackId: 'stack-9' } });
  });

  it('refuses the id of another stack, also a deleted one or one with that name', () => {
    const called = stackCreated({ id: 'x', name: 'api' });
    for (const past of [[called], [called, stackDeleted('api')], [stackCreated({ name: 'x' })]]) {
      given(...past)
        .when({ type: 'createStack', name: 'web', id: 'x' })
        .refused('ID_TAKEN');
    }
  });

  it('requests the holders of its name and its id', () => {
    expect(request({ type: 'createStack', name: 'web', id: 'x' }).keys).toEqual({ stack: 'x', name: 'web', id: 'x' });
  });
});

describe('updateStack', () => {
  it('changes the given fields and keeps the rest', () => {
    given(stackCreated({ description: 'old', configuration: { a: 1 } }))
      .when({ type: 'updateStack', stack: 'web', version: '2', configuration: { b: 2 } })
      .thenEvents({
        type: 'StackUpdated',
        data: aDocument({ description: 'old', version: '2', configuration: { b: 2 } }),
      });
  });

  it.each([
    { description: '' },
    { version: '' },
    { workflowFile: '' },
    { configuration: null },
    { metadata: null },
    { status: 'x' },
  ])('treats %j as a value, not as absent', (change) => {
    const full = aDocument({
      description: 'd',
      version: 'v',
      status: 's',
      workflowFile: 'w',
      configuration: { c: 1 },
      metadata: { m: 1 },
    });
    given(stackCreated(full))
      .when({ type: 'updateStack', stack: 'web', ...change })
      .thenEvents({ type: 'StackUpdated', data: { ...full, ...change } });
  });

  it('keeps the origin unchanged', () => {
    const origin = { format: 'terraform', lineage: 'l', serial: 1, version: 2, header: {} };
    given(stackCreated({ origin }))
      .when({ type: 'updateStack', stack: 'web', description: 'new' })
      .thenEvents({ type: 'StackUpdated', data: aDocument({ origin, description: 'new' }) });
  });

  it('records nothing if nothing differs', () => {
    given(stackCreated({ configuration: { a: 1, b: 2 } }))
      .when({ type: 'updateStack', stack: 'web', name: 'web', configuration: { b: new JsonNumber('2.0'), a: 1 } })
      .thenEvents();
  });

  it('refuses a change without a field', () => {
    const error = given(stack).when({ type: 'updateStack', stack: 'web' }).refused('NOTHING_TO_UPDATE');
    expect(error.exitCode).toBe(2);
    given(stack)
      .when({ type: 'updateStack', stack: 'web', description: undefined } as never)
      .refused('NOTHING_TO_UPDATE');
  });

  it('renames to a free name, to its own, to its own id, and to no other', () => {
    const rename = (name: string, ...others: readonly (typeof other)[]) =>
      given(...others, stack).when({ type: 'updateStack', stack: 'web', name });
    rename('api').thenEvents(stackUpdated({ name: 'api' }));
    rename('web').thenEvents();
    rename('stack-1').thenEvents(stackUpdated({ name: 'stack-1' }));
    rename('api', other).refused('NAME_TAKEN');
  });

  it('requests the holder of a name only to rename', () => {
    expect(request({ type: 'updateStack', stack: 'web', status: 'x' }).keys).toEqual({ stack: 'web', document: true });
    expect(request({ type: 'updateStack', stack: 'web', name: 'y' }).keys.name).toBe('y');
  });
});

describe('deleteStack', () => {
  it('deletes', () => {
    given(stack)
      .when({ type: 'deleteStack', stack: 'stack-1' })
      .thenEvents({ type: 'StackDeleted', data: { name: 'web' } });
  });

  it('releases the lock that it uses', () => {
    given(stack, lockAcquired())
      .when({ type: 'deleteStack', stack: 'web' }, { lockId: 'lock-1' })
      .thenEvents(
        { type: 'StackDeleted', data: { name: 'web' } },
        { type: 'LockReleased', data: { lockId: 'lock-1', token } },
      );
  });

  it('records the end of an expired lock, and no release of it', () => {
    given(stack, lockAcquired({ expiresAt: EARLIER }))
      .when({ type: 'deleteStack', stack: 'web' })
      .thenEvents(
        { type: 'LockExpired', data: { lockId: 'lock-1', token, expiresAt: EARLIER } },
        { type: 'StackDeleted', data: { name: 'web' } },
      );
  });

  it('refuses a deleted stack', () => {
    expect(request({ type: 'deleteStack', stack: 'web' }).keys).toEqual({ stack: 'web' });
    given(stack, stackDeleted()).when({ type: 'deleteStack', stack: 'web' }).refused('STACK_DELETED');
  });
});

describe('restoreStack', () => {
  it('restores a deleted stack under its name', () => {
    given(stack, stackDeleted())
      .when({ type: 'restoreStack', stack: 'stack-1' })
      .thenEvents({ type: 'StackRestored', data: { name: 'web' } });
  });

  it('refuses if another stack has the name now', () => {
    given(stack, stackDeleted(), stackCreated({ id: 'stack-2' }))
      .when({ type: 'restoreStack', stack: 'stack-1' })
      .refused('NAME_TAKEN');
  });

  it('refuses a stack that is not deleted', () => {
    const error = given(stack).when({ type: 'restoreStack', stack: 'web' }).refused('STACK_NOT_DELETED');
    expect(error.exitCode).toBe(5);
  });
});
