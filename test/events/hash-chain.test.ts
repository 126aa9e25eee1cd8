import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GENESIS_HASH, hashEvent, type StoredEvent } from '../../src/events/index.js';

const event: StoredEvent = {
  position: 7,
  stream: 3,
  revision: 2,
  version: 1,
  type: 'TagAdded',
  schemaVersion: 1,
  data: '{"tag":"prüf 😀 \\ud800"}',
  meta: '{"actor":"ana","source":"cli","command":"tag"}',
  recordedAt: '2026-01-02T03:04:05.678Z',
  commandId: '0197f000-0000-7000-8000-000000000001',
  hash: '',
};

/** The layout as it is documented, written down once more: eleven fields, each as UTF-8 text, joined by line feeds. */
const layout = (previous: string, e: StoredEvent): Buffer =>
  Buffer.concat(
    [
      previous,
      String(e.position),
      String(e.stream),
      String(e.revision),
      String(e.version),
      e.type,
      String(e.schemaVersion),
      e.data,
      e.meta,
      e.recordedAt,
      e.commandId,
    ].flatMap((field, index) => [...(index === 0 ? [] : [Buffer.from([0x0a])]), Buffer.from(field, 'utf8')]),
  );

const independent = (previous: string, e: StoredEvent): string =>
  createHash('sha256').update(layout(previous, e)).digest('hex');

describe('the hash of an event', () => {
  it('starts from 64 zeros', () => {
    expect(GENESIS_HASH).toBe('0000000000000000000000000000000000000000000000000000000000000000');
  });

  it('is a known value: a change of the layout breaks every log there is', () => {
    expect(hashEvent(GENESIS_HASH, event)).toBe('cfbfdf08367c3868444cb60bc03668c960cc5404eb7849af64a636ce30b6ba2b');
  });

  it('is SHA-256 of the documented bytes, for any row', () => {
    const row = fc.record({
      position: fc.nat(),
      stream: fc.nat(),
      revision: fc.nat(),
      version: fc.nat(),
      schemaVersion: fc.nat(),
      type: fc.string({ unit: 'binary' }),
      data: fc.json({ noUnicodeString: false }),
      meta: fc.json({ noUnicodeString: false }),
      recordedAt: fc.string(),
      commandId: fc.string({ unit: 'grapheme' }),
      hash: fc.string(),
    });
    fc.assert(
      fc.property(fc.string({ minLength: 64, maxLength: 64 }), row, (previous, stored) => {
        expect(hashEvent(previous, stored)).toBe(independent(previous, stored));
      }),
    );
  });

  const changed: Partial<StoredEvent>[] = [
    { position: 8 },
    { stream: 4 },
    { revision: 3 },
    { version: 2 },
    { type: 'TagRemoved' },
    { schemaVersion: 2 },
    { data: '{"tag":"prüf 😀 \\ud801"}' },
    { data: '{"tag": "prüf 😀 \\ud800"}' },
    { meta: '{"actor":"bea","source":"cli","command":"tag"}' },
    { recordedAt: '2026-01-02T03:04:05.679Z' },
    { commandId: '0197f000-0000-7000-8000-000000000002' },
  ];

  it.each(changed)('differs where %j is all that differs', (change) => {
    expect(hashEvent(GENESIS_HASH, { ...event, ...change })).not.toBe(hashEvent(GENESIS_HASH, event));
  });

  it('covers every field of a row', () => {
    const covered = new Set(changed.flatMap((change) => Object.keys(change)));
    expect(Object.keys(event).filter((field) => field !== 'hash' && !covered.has(field))).toEqual([]);
  });

  it('differs where the event before it differs', () => {
    expect(hashEvent('1'.repeat(64), event)).not.toBe(hashEvent(GENESIS_HASH, event));
  });

  it('does not move text from one field to the next', () => {
    expect(hashEvent(GENESIS_HASH, { ...event, position: 71, stream: 3 })).not.toBe(
      hashEvent(GENESIS_HASH, { ...event, position: 7, stream: 13 }),
    );
    expect(hashEvent(GENESIS_HASH, { ...event, data: '{}1', meta: '{}' })).not.toBe(
      hashEvent(GENESIS_HASH, { ...event, data: '{}', meta: '1{}' }),
    );
  });
});
