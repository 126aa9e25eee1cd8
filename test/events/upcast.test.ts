import { describe, expect, it } from 'vitest';
import {
  currentSchemaVersion,
  decodeEvent,
  EVENT_TYPES,
  isKnown,
  parseEvent,
  type StoredEvent,
  type Upcasters,
  upcasters,
} from '../../src/events/index.js';
import { stringifyJson } from '../../src/lib/json.js';

const stored = (fields: Partial<StoredEvent> = {}): StoredEvent => ({
  position: 1,
  stream: 1,
  revision: 1,
  version: 0,
  type: 'TagAdded',
  schemaVersion: 1,
  data: '{"label":"prod"}',
  meta: '{"actor":"ana","source":"api","command":"tag"}',
  recordedAt: '2026-01-02T03:04:05.678Z',
  commandId: 'c1',
  hash: 'h',
  ...fields,
});

/** TagAdded as if it had been `{label}` once, then `{tag}`, and now `{tag, colour}`. */
const table: Upcasters = {
  TagAdded: {
    1: ({ label, ...rest }) => ({ ...rest, tag: label ?? null }),
    2: (data) => ({ ...data, colour: 'grey' }),
  },
};

describe('an event of an older schema', () => {
  it.each([
    [1, '{"label":"prod"}', { tag: 'prod', colour: 'grey' }],
    [2, '{"tag":"prod"}', { tag: 'prod', colour: 'grey' }],
    [3, '{"tag":"prod","colour":"red"}', { tag: 'prod', colour: 'red' }],
  ])('version %i is lifted to the current one, step by step', (schemaVersion, data, expected) => {
    const event = decodeEvent(stored({ schemaVersion, data }), table);
    expect(event.data).toEqual(expected);
    expect(isKnown(event, table)).toBe(true);
  });

  it('keeps its row as it was stored', () => {
    const row = Object.freeze(stored());
    const event = decodeEvent(row, table);
    expect(row.data).toBe('{"label":"prod"}');
    expect(event).toMatchObject({ position: 1, schemaVersion: 1, hash: 'h', meta: { actor: 'ana', command: 'tag' } });
  });

  it('is left alone by the steps of another type', () => {
    const event = stored({ type: 'TagRemoved', data: '{"tag":"prod"}' });
    expect(decodeEvent(event, table).data).toEqual({ tag: 'prod' });
  });
});

describe('an event that lacks a field', () => {
  const damaged = (field: string) =>
    expect.objectContaining({ code: 'DOCUMENT_DAMAGED', exitCode: 7, details: { field } });

  it('of its data is damaged, and can be looked into', () => {
    const event = stored({ schemaVersion: 3, data: '{"tbg":"prod"}' });
    expect(() => decodeEvent(event, table)).toThrow(damaged('tag'));
    expect(parseEvent(event, table).data).toEqual({ tbg: 'prod' });
  });

  it('of its meta is damaged', () => {
    const event = stored({ meta: '{"bctor":"ana","source":"api","command":"tag"}' });
    for (const read of [decodeEvent, parseEvent]) expect(() => read(event, table)).toThrow(damaged('actor'));
  });
});

describe('an event of a newer release', () => {
  it('of an unknown type is kept and not known', () => {
    const event = decodeEvent(stored({ type: 'StackMoved', data: '{"to":12345678901234567890}' }), table);
    expect(event.type).toBe('StackMoved');
    expect(stringifyJson(event.data)).toBe('{"to":12345678901234567890}');
    expect(isKnown(event, table)).toBe(false);
  });

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])('named %s is no known type either', (type) => {
    const event = decodeEvent(stored({ type }), table);
    expect(event.data).toEqual({ label: 'prod' });
    expect(isKnown(event, table)).toBe(false);
  });

  it('of a newer schema version is kept as it is and not known', () => {
    const event = decodeEvent(stored({ schemaVersion: 4, data: '{"tags":["prod"]}' }), table);
    expect(event.data).toEqual({ tags: ['prod'] });
    expect(isKnown(event, table)).toBe(false);
    const newest = stored({ schemaVersion: 3, data: '{"tag":"prod","colour":"red"}' });
    expect(isKnown(decodeEvent(newest, table), table)).toBe(true);
  });
});

describe('the current schema version', () => {
  it('is one more than the steps that lead to it', () => {
    expect(currentSchemaVersion('TagAdded', table)).toBe(3);
    expect(currentSchemaVersion('TagRemoved', table)).toBe(1);
  });

  it('has a step from every version below it', () => {
    for (const type of EVENT_TYPES) {
      const steps = Object.keys(upcasters[type] ?? {}).map(Number);
      expect(steps).toEqual(Array.from({ length: currentSchemaVersion(type) - 1 }, (_, index) => index + 1));
    }
  });
});

describe('a document of the log', () => {
  it('is read exactly', () => {
    const data =
      '{"tag":"prod","a":12345678901234567890,"b":1e400,"c":1.0,"__proto__":{"d":1234567890.12345678},"e":"\\ud800"}';
    expect(stringifyJson(decodeEvent(stored({ data })).data)).toBe(data);
  });
});
