import { describe, expect, test } from 'vitest';
import { PROJECTION } from '../../src/engine.js';
import { checkChain, hashEvent, type StoredEvent } from '../../src/events/index.js';
import { reads } from '../support/reads.js';
import { everything } from './everything.js';
import { live } from './life.js';
import { createStack, given, type OpenStore, set, type World } from './world.js';

const NAMES = PROJECTION.projectors.map(({ name }) => name);

async function lived(open: OpenStore): Promise<World> {
  const world = await given(open);
  await live(world.store, world.clock);
  return world;
}

const wholeLog = ({ store }: World): Promise<readonly StoredEvent[]> => store.events({ limit: 10_000 });

export function maintaining(open: OpenStore): void {
  describe('projections', () => {
    test('reports for each projection that it is at the head, and its number of rows', async () => {
      const { store } = await given(open, [createStack('web'), set('web', 'a', 1), set('web', 'a', 2)]);
      const states = await store.projections();
      expect(states.map(({ name }) => name).sort()).toEqual([...NAMES].sort());
      for (const { name, version, tables } of PROJECTION.projectors) {
        const state = states.find((one) => one.name === name);
        expect(state).toMatchObject({ version, wanted: version, position: 3, lag: 0, rebuilding: null });
        expect(state?.tables.map((table) => table.name).sort()).toEqual([...tables].sort());
      }
      const rows = Object.fromEntries(states.flatMap(({ tables }) => tables.map((table) => [table.name, table.rows])));
      expect(rows).toMatchObject({ stack_rows: 1, resource_rows: 1, resource_history: 2, commit_rows: 3, tag_rows: 0 });
    });
  });

  describe('rebuild', () => {
    test('of all projections does not change any read', async () => {
      const { store } = await lived(open);
      const before = await everything(store);
      const { position } = await store.head();
      const rebuilt = await store.rebuild();
      expect(rebuilt).toMatchObject({ events: position, position });
      expect([...rebuilt.projections].sort()).toEqual([...NAMES].sort());
      expect(await everything(store)).toEqual(before);
    });

    test.each(NAMES)('of %s alone does not change any read', async (name) => {
      const { store } = await lived(open);
      const before = await everything(store);
      expect(await store.rebuild({ names: [name] })).toMatchObject({ projections: [name] });
      expect(await everything(store)).toEqual(before);
    });

    test('does not affect later commands', async () => {
      const { store, run } = await given(open, [createStack('web'), set('web', 'a', 1)]);
      await store.rebuild();
      await store.rebuild({ names: ['resources'] });
      expect(await run(set('web', 'a', 2), { commandId: 'c1' })).toMatchObject({ version: 3, firstPosition: 3 });
      expect(await reads(store).resource(1, 't.a')).toMatchObject({ value: { properties: { n: 2 } } });
      expect((await store.checkpoints()).every(({ position }) => position === 3)).toBe(true);
      expect((await store.compareTables({})).problems).toEqual([]);
    });

    test('loses no concurrent command', async () => {
      const { store, run } = await given(open, [createStack('web')]);
      await Promise.all([store.rebuild(), ...Array.from({ length: 20 }, (_, n) => run(set('web', `r${n}`, n)))]);
      expect(await reads(store).resources(1)).toHaveLength(20);
      expect((await store.compareTables({})).problems).toEqual([]);
    });

    test('of an empty store does nothing', async () => {
      const { store } = await given(open);
      expect(await store.rebuild()).toMatchObject({ events: 0, position: 0 });
    });

    test('of an unknown projection is refused, and the error lists the known ones', async () => {
      const { store } = await given(open, [createStack('web')]);
      const before = await everything(store);
      const error = await store.rebuild({ names: ['stacks', 'unheard'] }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'PROJECTION_NOT_FOUND', exitCode: 3 });
      for (const name of NAMES) expect((error as { hint: string }).hint).toContain(name);
      expect(await everything(store)).toEqual(before);
    });
  });

  describe('compareTables', () => {
    test('finds no problem in tables that equal the log, and checks every row', async () => {
      const { store } = await lived(open);
      const { position, tables, problems } = await store.compareTables({});
      expect(problems).toEqual([]);
      expect(position).toBe((await store.head()).position);
      const rows = (await store.projections()).flatMap((one) => one.tables.map((table) => [table.name, table.rows]));
      expect(Object.fromEntries(tables.map((table) => [table.name, table.rows]))).toEqual(Object.fromEntries(rows));
      expect(tables.map((table) => table.problems)).toEqual(tables.map(() => 0));
    });

    test('checks only the rows of one stack, if one is named: together they are all rows', async () => {
      const { store } = await lived(open);
      const all = [...(await reads(store).stacks({})), ...(await reads(store).stacks({ deleted: true }))];
      const sums: Record<string, number> = {};
      for (const { stream } of all) {
        const { tables, problems } = await store.compareTables({ stream });
        expect(problems).toEqual([]);
        for (const { name, rows } of tables) sums[name] = (sums[name] ?? 0) + rows;
      }
      const whole = await store.compareTables({});
      expect(sums).toEqual(Object.fromEntries(whole.tables.map(({ name, rows }) => [name, rows])));
    });

    test('may run several times concurrently, and with commands in between', async () => {
      const { store, run } = await given(open, [createStack('web'), set('web', 'a', 1)]);
      const [first, second, ...receipts] = await Promise.all([
        store.compareTables({}),
        store.compareTables({ stream: 1 }),
        ...Array.from({ length: 5 }, (_, n) => run(set('web', `r${n}`, n))),
      ]);
      expect([first.problems, second.problems]).toEqual([[], []]);
      expect(receipts.map(({ version }) => version)).toEqual([3, 4, 5, 6, 7]);
    });

    test('reports differences if the tables are another projection of the log', async () => {
      let off = 0;
      const projection = {
        ...PROJECTION,
        project: (...args: Parameters<typeof PROJECTION.project>) =>
          PROJECTION.project(...args).map((change) =>
            change.table === 'tag_rows' && change.op === 'put'
              ? { ...change, row: { ...change.row, created_by: `${change.row.created_by}${off}` } }
              : change,
          ),
      };
      const { store } = await given(
        open,
        [
          createStack('web'),
          createStack('db'),
          { type: 'addTags', stack: 'web', tags: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
          { type: 'addTags', stack: 'db', tags: ['a'] },
        ],
        { projection },
      );
      off = 1;
      const { tables, problems } = await store.compareTables({});
      expect(tables.find(({ name }) => name === 'tag_rows')).toEqual({ name: 'tag_rows', rows: 8, problems: 8 });
      expect(problems).toHaveLength(5);
      expect(problems[0]).toEqual({
        table: 'tag_rows',
        key: { stream: 1, tag: 'a' },
        kind: 'different',
        column: 'created_by',
        expected: 'test1',
        actual: 'test0',
      });
      expect((await store.compareTables({ stream: 2 })).problems).toHaveLength(1);
      await store.rebuild({ names: ['tags'] });
      expect((await store.compareTables({})).problems).toEqual([]);
    });

    test('reports missing and unexpected rows', async () => {
      let tags = 'tag_rows';
      const projection = {
        ...PROJECTION,
        project: (...args: Parameters<typeof PROJECTION.project>) =>
          PROJECTION.project(...args).filter(({ table }) => table !== tags),
      };
      const { store } = await given(
        open,
        [createStack('web'), { type: 'addTags', stack: 'web', tags: ['a'] }, { type: 'takeSnapshot', stack: 'web' }],
        { projection },
      );
      tags = 'snapshot_rows';
      expect((await store.compareTables({})).problems).toEqual(
        expect.arrayContaining([
          { table: 'tag_rows', key: { stream: 1, tag: 'a' }, kind: 'missing' },
          { table: 'snapshot_rows', key: { position: 3 }, kind: 'unexpected' },
        ]),
      );
    });
  });

  describe('checkStorage', () => {
    test('finds no problem in a store that was only used', async () => {
      const { store } = await lived(open);
      await store.rebuild();
      expect(await store.checkStorage()).toEqual([]);
    });
  });

  describe('importLog', () => {
    test('of the whole log of another store gives the same head and the same reads', async () => {
      const source = await lived(open);
      const head = await source.store.head();
      const { store } = await given(open, [], { clock: source.clock });
      expect(await store.importLog(await wholeLog(source), head)).toEqual(head);
      expect(await everything(store)).toEqual(await everything(source.store));
    });

    test('is followed by commands: the log continues, and earlier commands are recognised', async () => {
      const source = await given(open, [createStack('web')]);
      const first = await source.run(set('web', 'a', 1), { commandId: 'c1' });
      const { store, run } = await given(open);
      await store.importLog(await wholeLog(source), await source.store.head());
      expect(await run(set('web', 'a', 1), { commandId: 'c1' })).toEqual(first);
      expect(await run(set('web', 'a', 2))).toMatchObject({ version: 3, firstPosition: 3 });
      const chain = checkChain();
      expect((await store.events({ limit: 10 })).flatMap((event) => chain.next(event) ?? [])).toEqual([]);
    });

    test('of an empty log leaves the store empty', async () => {
      const source = await given(open);
      const { store } = await given(open);
      expect(await store.importLog([], await source.store.head())).toMatchObject({ position: 0 });
      expect(await store.head()).toMatchObject({ position: 0, recordedAt: null });
    });

    test('into a store with events is refused, and changes nothing', async () => {
      const source = await lived(open);
      const { store } = await given(open, [createStack('mine')]);
      const before = await everything(store);
      const refused = store.importLog(await wholeLog(source), await source.store.head());
      await expect(refused).rejects.toMatchObject({ code: 'LOG_NOT_EMPTY', exitCode: 5 });
      expect(await everything(store)).toEqual(before);
    });

    const forged = (event: StoredEvent, change: Partial<StoredEvent>): StoredEvent => ({ ...event, ...change });
    const rechained = (log: readonly StoredEvent[]): StoredEvent[] => {
      let hash = '0'.repeat(64);
      return log.map((event) => ({ ...event, hash: (hash = hashEvent(hash, event)) }));
    };
    const at = (log: readonly StoredEvent[], position: number, change: Partial<StoredEvent>) =>
      log.map((event) => (event.position === position ? forged(event, change) : event));

    test.each<[string, (log: readonly StoredEvent[]) => readonly StoredEvent[], string, RegExp]>([
      ['whose data was changed', (log) => at(log, 9, { data: '{}' }), 'LOG_BROKEN', /event 9: hash/],
      ['whose author was changed', (log) => at(log, 9, { meta: '{}' }), 'LOG_BROKEN', /event 9: hash/],
      ['with a hash of its own', (log) => at(log, 9, { hash: 'f'.repeat(64) }), 'LOG_BROKEN', /event 9: hash/],
      ['with a gap', (log) => log.filter(({ position }) => position !== 9), 'LOG_BROKEN', /event 10: position/],
      ['in another order', (log) => log.toReversed(), 'LOG_BROKEN', /position/],
      ['with an event twice', (log) => log.flatMap((event) => [event, event]), 'LOG_BROKEN', /event 1: position/],
      ['that skips a revision', (log) => rechained(at(log, 9, { revision: 99 })), 'LOG_BROKEN', /event 9: revision/],
      ['that jumps a version', (log) => rechained(at(log, 9, { version: 99 })), 'LOG_BROKEN', /event 9: version/],
      [
        'that does not begin with a stack',
        (log) => rechained(at(log, 1, { type: 'TagAdded' })),
        'LOG_BROKEN',
        /event 1: commit/,
      ],
      ['that was cut off', (log) => log.slice(0, -1), 'LOG_TRUNCATED', /ends at position/],
      ['that is empty where it must not be', () => [], 'LOG_TRUNCATED', /ends at position 0/],
      [
        'rewritten from its beginning',
        (log) => rechained(at(log, 1, { recordedAt: '2020-01-01T00:00:00.000Z' })),
        'LOG_TRUNCATED',
        /ends at position/,
      ],
    ])('of a log %s is refused, and changes nothing', async (_, broken, code, message) => {
      const source = await lived(open);
      const log = await wholeLog(source);
      const head = await source.store.head();
      const { store } = await given(open);
      const before = await everything(store);
      const refused = store.importLog(broken(log), head);
      await expect(refused).rejects.toMatchObject({ code, exitCode: 7, message: expect.stringMatching(message) });
      expect(await everything(store)).toEqual(before);
      expect(await store.importLog(log, head)).toEqual(head);
    });

    test('of a log that continues after the required head is refused', async () => {
      const source = await given(open, [createStack('web')]);
      const head = await source.store.head();
      await source.run(set('web', 'a', 1));
      const { store } = await given(open);
      const refused = store.importLog(await wholeLog(source), head);
      await expect(refused).rejects.toMatchObject({ code: 'LOG_TRUNCATED', exitCode: 7 });
      expect(await store.head()).toMatchObject({ position: 0 });
    });

    test('reads its source once, and fails if the source fails', async () => {
      const source = await lived(open);
      const log = await wholeLog(source);
      const { store } = await given(open);
      function* failing() {
        yield* log.slice(0, 9);
        throw new Error('the source broke off');
      }
      await expect(store.importLog(failing(), await source.store.head())).rejects.toThrow('the source broke off');
      expect(await store.head()).toMatchObject({ position: 0 });
      expect(await reads(store).stacks({})).toEqual([]);
    });
  });
  describe('extendLog', () => {
    /** Whole commits of about this number of events. */
    function* pieces(log: readonly StoredEvent[], size: number): Generator<StoredEvent[]> {
      let piece: StoredEvent[] = [];
      for (const event of log) {
        if (piece.length >= size && event.commandId !== piece.at(-1)?.commandId) {
          yield piece;
          piece = [];
        }
        piece.push(event);
      }
      yield piece;
    }

    test.each([1, 7, 1_000])(
      'of a log in pieces of %i events gives the same head and the same answers',
      async (size) => {
        const source = await lived(open);
        const log = await wholeLog(source);
        const { store } = await given(open, [], { clock: source.clock });
        for (const piece of pieces(log, size)) {
          expect(await store.extendLog(piece)).toMatchObject({ position: piece.at(-1)?.position });
        }
        expect(await everything(store)).toEqual(await everything(source.store));
        expect((await store.compareTables({})).problems).toEqual([]);
      },
    );

    test('may be followed by commands, and may follow them', async () => {
      const source = await given(open, [createStack('web')]);
      const { store, run } = await given(open);
      await store.extendLog(await wholeLog(source));
      expect(await run(set('web', 'a', 1), { commandId: 'c1' })).toMatchObject({ version: 2, firstPosition: 2 });
      await source.store.extendLog(await store.events({ after: 1, limit: -1 }));
      expect(await source.run(set('web', 'a', 1), { commandId: 'c1' })).toMatchObject({ version: 2, firstPosition: 2 });
    });

    test('of nothing changes nothing', async () => {
      const { store } = await given(open, [createStack('web')]);
      expect(await store.extendLog([])).toEqual(await store.head());
    });

    test.each<[string, (log: readonly StoredEvent[]) => readonly StoredEvent[]]>([
      ['that leaves one out', (log) => log.slice(3)],
      ['that was taken over before', (log) => log.slice(0, 4)],
      ['whose data was changed', (log) => log.slice(2).map((event) => ({ ...event, data: '{}' }))],
      ['of another store', (log) => log.slice(2).map((event) => ({ ...event, hash: 'f'.repeat(64) }))],
    ])('of a log %s is refused, and changes nothing', async (_, wrong) => {
      const source = await given(open, [createStack('web'), ...[1, 2, 3].map((n) => set('web', 'a', n))]);
      const log = await wholeLog(source);
      const { store } = await given(open);
      await store.extendLog(log.slice(0, 2));
      const before = await everything(store);
      await expect(store.extendLog(wrong(log))).rejects.toMatchObject({ code: 'LOG_BROKEN', exitCode: 7 });
      expect(await everything(store)).toEqual(before);
      await store.extendLog(log.slice(2));
      expect(await store.head()).toEqual(await source.store.head());
    });
  });
}
