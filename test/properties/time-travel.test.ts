import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredEvent } from '../../src/events/index.js';
import { readDrift, readDriftRules, readLock, readTags } from '../../src/queries/annotations.js';
import { stackMoment } from '../../src/queries/at.js';
import { listStacks } from '../../src/queries/list.js';
import { readState } from '../../src/queries/state.js';
import { readActivity, readVersions } from '../../src/queries/versions.js';
import type { At, EventStore } from '../../src/store/event-store.js';
import { steps } from '../support/commands.js';
import { commitsIn } from '../support/expected-reads.js';
import { comparableFold, comparableView, fold } from '../support/folded.js';
import { allStacks, live, logOf, range } from '../support/lives.js';
import { parameters, TIMEOUT } from '../support/properties.js';

const later = (a: StoredEvent, b: StoredEvent): StoredEvent =>
  b.version > a.version || (b.version === a.version && b.position > a.position) ? b : a;

/** The last event of the last commit at or before a moment: of two versions the higher, whatever the clock said. */
function momentOf(events: readonly StoredEvent[], at: At): StoredEvent | undefined {
  const ends = commitsIn(events).map((commit) => commit[commit.length - 1] as StoredEvent);
  const before = ends.filter((end) => {
    if ('version' in at) return end.version <= at.version;
    return 'time' in at ? end.recordedAt <= at.time : end.position <= at.position;
  });
  return before.length === 0 ? undefined : before.reduce(later);
}

/** What time it was at a moment: of a position, when the log had come to it; of a version, when the stack last had it. */
function instantOf(at: At, end: StoredEvent, log: readonly StoredEvent[]): string {
  if ('time' in at) return at.time;
  return 'position' in at ? (log[at.position - 1] as StoredEvent).recordedAt : end.recordedAt;
}

test('state at any version, time or position is the fold of the events up to there', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(steps(12), async (script) => {
      const { store, clock } = await live(script);
      const log = await logOf(store);
      const times = [...new Set(log.map(({ recordedAt }) => recordedAt))];
      for (const { id, stream, stateVersion, revision } of await allStacks(store)) {
        const events = await logOf(store, stream);
        expect(events).toHaveLength(revision);
        const moments: At[] = [
          ...range(1, stateVersion).map((version) => ({ version })),
          ...times.map((time) => ({ time })),
          ...range(1, log.length).map((position) => ({ position })),
        ];
        for (const at of moments) {
          const end = momentOf(events, at);
          if (!end) {
            await expect(store.read((s) => stackMoment(s, id, at))).rejects.toMatchObject({
              code: 'VERSION_NOT_FOUND',
            });
            continue;
          }
          const state = comparableView(await store.read((s) => readState(s, id, at)));
          expect(state).toEqual(comparableFold(fold(events.filter(({ version }) => version <= end.version))));

          const then = fold(events.filter(({ position }) => position <= end.position));
          expect((await store.read((s) => readTags(s, id, at))).tags.map(({ tag }) => tag)).toEqual(
            [...then.tags.keys()].sort(),
          );
          const held = then.lock && then.lock.expiresAt > instantOf(at, end, log) ? then.lock : undefined;
          expect((await store.read((s) => readLock(s, id, clock.now(), at))).lock).toEqual(held);
          const { findings } = await store.read((s) => readDrift(s, id, at));
          expect(
            findings.map(({ id: finding, isDrifted, resolutionStatus }) => [finding, isDrifted, resolutionStatus]),
          ).toEqual([...then.drift].map(([finding, { isDrifted, status }]) => [finding, isDrifted, status]).reverse());
          const { rules } = await store.read((s) => readDriftRules(s, id, at));
          expect(rules.map(({ id: rule, path }) => [rule, path])).toEqual(
            [...then.driftRules].map(([rule, { path }]) => [rule, path]),
          );
        }
      }
      for (const position of range(1, log.length)) {
        const listed = [
          ...(await store.read((s) => listStacks(s, {}, '', { position }))),
          ...(await store.read((s) => listStacks(s, { deleted: true }, '', { position }))),
        ];
        const expected = (await allStacks(store)).flatMap(({ id, stream }) => {
          const events = log.filter((event) => event.stream === stream);
          const end = momentOf(events, { position });
          if (!end) return [];
          const then = fold(events.filter((event) => event.position <= end.position));
          const { name, status } = then.document;
          return [
            { id, name, status, stateVersion: end.version, resourceCount: then.resources.size, deleted: then.deleted },
          ];
        });
        const byId = <T extends { id: string }>(all: readonly T[]) => [...all].sort((a, b) => (a.id < b.id ? -1 : 1));
        expect(
          byId(listed).map(({ id, name, status, stateVersion, resourceCount, deletedAt }) => ({
            id,
            name,
            status,
            stateVersion,
            resourceCount,
            deleted: deletedAt !== null,
          })),
        ).toEqual(byId(expected));
      }
      await store.close();
    }),
    parameters(),
  );
});

/** Everything that can be asked of all stacks at a position, now or later. */
async function whatIs(store: EventStore, now: string, position?: number) {
  const at = position === undefined ? undefined : { position };
  const listed = [
    ...(await store.read((s) => listStacks(s, {}, now, at))),
    ...(await store.read((s) => listStacks(s, { deleted: true }, now, at))),
  ];
  return Promise.all(
    listed.map(async (stack) => {
      // A deleted stack answers only where a place in history is asked for.
      const place = at ?? (stack.deletedAt === null ? undefined : { version: stack.stateVersion });
      const { stack: _, ...state } = await store.read((s) => readState(s, stack.id, place));
      return {
        stack,
        state,
        tags: (await store.read((s) => readTags(s, stack.id, place))).tags,
        findings: (await store.read((s) => readDrift(s, stack.id, place))).findings,
        driftRules: (await store.read((s) => readDriftRules(s, stack.id, place))).rules,
        lock: (await store.read((s) => readLock(s, stack.id, now, place))).lock,
        versions: (await store.read((s) => readVersions(s, stack.id, place ? { at: place } : {}))).versions,
        activity: (
          await store.read((s) => readActivity(s, stack.id, { limit: 1_000, ...(place ? { at: place } : {}) }))
        ).events,
      };
    }),
  );
}

test('a past state reads the same as when it was current', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(steps(20), async (script) => {
      const seen = new Map<number, Awaited<ReturnType<typeof whatIs>>>();
      const { store, clock } = await live(script, async (life, { receipt }) => {
        const { position } = await life.store.head();
        const isNew = receipt && receipt.events > 0 && receipt.lastPosition === position && !seen.has(position);
        if (isNew) seen.set(position, await whatIs(life.store, life.clock.now()));
      });
      for (const [position, present] of seen) expect(await whatIs(store, clock.now(), position)).toEqual(present);
      await store.close();
    }),
    parameters(),
  );
});
