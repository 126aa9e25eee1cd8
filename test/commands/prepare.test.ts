import { describe, expect, it } from 'vitest';
import { COMMANDS, type EnvelopeInput, prepare } from '../../src/commands/index.js';
import { InvalidInputError } from '../../src/lib/errors.js';
import { EARLIER, given, lockAcquired, request, stackCreated, tagAdded } from '../support/decision.js';

function refusal(command: unknown, envelope: object = {}): InvalidInputError {
  try {
    request(command, envelope);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).code).toBe('INVALID_INPUT');
    return error as InvalidInputError;
  }
  throw new Error('it was accepted');
}

const tag = { type: 'addTags', stack: 'web', tags: ['a'] };

describe('the envelope', () => {
  it('becomes the metadata of the events', () => {
    expect(request(tag).meta).toEqual({ actor: 'ana', source: 'api', command: 'tag' });
    const envelope = {
      actor: 'bea',
      source: 'cli',
      reason: 'why\nnot',
      correlationId: 'c1',
      causationId: 'c2',
      expectedVersion: 0,
      lockId: 'l',
      fencingToken: 1,
    };
    expect(request(tag, envelope).meta).toEqual({
      actor: 'bea',
      source: 'cli',
      command: 'tag',
      reason: 'why\nnot',
      correlationId: 'c1',
      causationId: 'c2',
    });
  });

  it('gives a new command id if the caller has none; only the caller’s can be repeated', () => {
    expect(request(tag, { commandId: 'mine' })).toMatchObject({
      commandId: 'mine',
      identity: { principal: 'local' },
    });
    const [one, two] = [request(tag), request(tag)];
    expect(one.identity).toBeUndefined();
    expect(one.commandId).toMatch(/^auto-[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(one.commandId).not.toBe(two.commandId);
  });

  it.each<[string, Partial<Record<keyof EnvelopeInput, unknown>>]>([
    ['actor', { actor: '' }],
    ['actor', { actor: 'x'.repeat(256) }],
    ['actor', { actor: 'a\u001b[31m' }],
    ['actor', { actor: undefined }],
    ['commandId', { commandId: '' }],
    ['commandId', { commandId: 'auto-1' }],
    ['commandId', { commandId: 'terraform-1' }],
    ['commandId', { commandId: 'x'.repeat(129) }],
    ['commandId', { commandId: 'a\nb' }],
    ['source', { source: 'x'.repeat(65) }],
    ['reason', { reason: 'x'.repeat(65_537) }],
    ['reason', { reason: '\u0000' }],
    ['correlationId', { correlationId: '\ud800' }],
    ['causationId', { causationId: ' ' }],
    ['expectedVersion', { expectedVersion: -1 }],
    ['expectedVersion', { expectedVersion: 1.5 }],
    ['expectedVersion', { expectedVersion: '3' }],
    ['lockId', { lockId: '' }],
    ['fencingToken', { fencingToken: 0 }],
    ['fencingToken', { fencingToken: 0.5 }],
  ])('refuses a wrong %s: %j', (field, envelope) => {
    expect(refusal(tag, envelope).details.field).toBe(field);
  });

  it('refuses an unknown field', () => {
    const error = refusal(tag, { expectVersion: 1 });
    expect(error.message).toContain('expectVersion');
  });
});

describe('an invalid command', () => {
  it('is refused with the field, the problem and the next step', () => {
    const error = refusal({ type: 'addTags', stack: '', tags: ['a'] });
    expect(error.message).toBe('stack: must not be empty');
    expect(error.details).toEqual({ field: 'stack', problems: [{ field: 'stack', problem: 'must not be empty' }] });
    expect(error.hint).toContain('"stack"');
    expect(error.exitCode).toBe(2);
  });

  it('is refused with all its problems, the first one first', () => {
    const error = refusal({
      type: 'apply',
      stack: '',
      resources: [{ type: 'a', name: '\n' }],
      outputs: [{ name: '', value: 1 }],
    });
    const problems = error.details.problems as { field: string }[];
    expect(error.details.field).toBe('stack');
    expect(new Set(problems.map(({ field }) => field))).toEqual(
      new Set(['stack', 'resources.0.name', 'outputs.0.name']),
    );
  });

  it('is refused with the place and the hint for invalid JSON', () => {
    const error = refusal({
      type: 'apply',
      stack: 'web',
      resources: [{ type: 'a', name: 'b', properties: { x: [new Date(0)] } }],
    });
    expect(error.details.field).toBe('resources.0.properties');
    expect(error.message).toContain('$.x[0]');
    expect(error.hint).toBe('Convert it to a plain value first.');
  });

  it.each([null, undefined, 1, 'addTags', []])('is refused where it is %j', (value) => {
    expect(() => prepare(COMMANDS.addTags, value, { actor: 'ana' })).toThrow(InvalidInputError);
  });
});

describe('a decision', () => {
  it('begins with the end of an expired lock', () => {
    given(stackCreated(), lockAcquired({ expiresAt: EARLIER }))
      .when({ type: 'addTags', stack: 'web', tags: ['a'] })
      .thenEvents(
        { type: 'LockExpired', data: { lockId: 'lock-1', token: 2, expiresAt: EARLIER } },
        { type: 'TagAdded', data: { tag: 'a' } },
      );
  });

  it('records the end of an expired lock also if nothing else changes', () => {
    given(stackCreated(), lockAcquired({ expiresAt: EARLIER }), tagAdded('a'))
      .when({ type: 'addTags', stack: 'web', tags: ['a'] })
      .thenEvents({ type: 'LockExpired', data: { lockId: 'lock-1', token: 2, expiresAt: EARLIER } });
  });
});
