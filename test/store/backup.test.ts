import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import { type OnProgress, type SlothError, StateBackend } from '../../src/index.js';
import { backupName, superseded } from '../../src/operations/backup-rotation.js';
import { TestClock } from '../support/clock.js';
import { damage, namesIn, provenLog, seed, start, until } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';

let folder: string;
let db: string;
let target: string;
beforeEach(() => {
  folder = scratchFolder();
  db = join(folder, 'stacks.db');
  mkdirSync(join(folder, 'backups'));
  target = join(folder, 'backups', 'copy.db');
});

const refused = async (run: Promise<unknown>): Promise<SlothError> =>
  run.then(
    () => expect.fail('it was done'),
    (error) => error,
  );

describe('a backup during concurrent writes', () => {
  test('with 4 continuous writers it ends, is a prefix of the log, and is valid', {
    timeout: 120_000,
  }, async () => {
    const seeded = await seed(db, 20_000, 1_500); // more pages than are copied in one step
    const writers = [1, 2, 3, 4].map((number) => start('steady-writer.mjs', db, number, 'shared'));
    await until(() => writers.every(({ printed }) => printed() > 5));
    const backend = await StateBackend.open(db);
    const steps: number[] = [];
    const onProgress: OnProgress = ({ step, done }) => step === 'copying' && steps.push(done);
    const backup = await backend.getAdmin().backup(target, { onProgress });
    await backend.close();
    const results = await Promise.all(writers.map(({ end }) => end()));
    for (const { code, stderr } of results) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

    expect(steps.length).toBeGreaterThan(2);
    expect(steps).toEqual([...steps].sort((a, b) => a - b)); // it never restarted
    const log = await provenLog(db);
    const copied = await provenLog(target);
    expect(copied.length).toBeGreaterThan(seeded.position);
    expect(copied.length).toBeLessThan(log.length);
    expect(copied).toEqual(log.slice(0, copied.length));
    expect(backup.head).toMatchObject({ position: copied.length, hash: copied.at(-1)?.hash });
  });

  test('the file is private, self-contained and not in WAL mode; no other files are beside it', async () => {
    await seed(db, 5);
    await using backend = await StateBackend.open(db);
    const backup = await backend.getAdmin().backup(target);
    expect(namesIn(join(folder, 'backups'))).toEqual(['copy.db']);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(backup).toMatchObject({ file: target, bytes: statSync(target).size, stacks: 1, deleted: [] });
    const reader = new Database(target, { readonly: true });
    expect(reader.pragma('journal_mode', { simple: true })).toBe('delete');
    expect(reader.prepare('SELECT count(*) FROM events').pluck().get()).toBe(6);
    expect(namesIn(join(folder, 'backups'))).toEqual(['copy.db']);
    reader.close();
  });

  test.each([':memory:', 'memory:'])('a database in memory (%s)', async (location) => {
    await using backend = await StateBackend.open(location);
    await backend.getStackManager().createStack({ name: 'a' });
    const pending = backend.getAdmin().backup(target);
    await backend.getStackManager().createStack({ name: 'b' });
    const { head } = await pending;
    expect(await provenLog(target)).toHaveLength(head.position);
    const { file } = await backend.getAdmin().backup(join(folder, 'backups'));
    expect(file).toMatch(/memory-\d{8}T\d{6}Z\.db$/);
  });

  test.each(['copying', 'chain', 'projecting'])('killed while %s: no file has its name', async (step) => {
    await seed(db, 7_000, 1_500);
    const result = await start('dying-admin.mjs', 'backup', db, target, step, 2).finished;
    expect(result).toMatchObject({ signal: 'SIGKILL' });
    expect(namesIn(join(folder, 'backups')).filter((name) => !name.includes('.partial-'))).toEqual([]);
    await using backend = await StateBackend.open(db);
    await backend.getAdmin().backup(target);
    expect(await provenLog(target)).toHaveLength(7_001);
  });
});

describe('a failed backup leaves nothing behind', () => {
  const attempt = async (file: string, options = {}) => {
    await using backend = await StateBackend.open(db);
    return await refused(backend.getAdmin().backup(file, options));
  };
  beforeEach(() => seed(db, 3));

  test('the name is taken', async () => {
    writeFileSync(target, 'precious');
    expect(await attempt(target)).toMatchObject({ code: 'TARGET_EXISTS', exitCode: 5, details: { file: target } });
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(namesIn(join(folder, 'backups'))).toEqual(['copy.db']);
  });

  test('the name is taken while it is copied', async () => {
    const onProgress: OnProgress = ({ step }) => step === 'chain' && writeFileSync(target, 'precious');
    expect(await attempt(target, { onProgress })).toMatchObject({ code: 'TARGET_EXISTS' });
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(namesIn(join(folder, 'backups'))).toEqual(['copy.db']);
  });

  test('with overwrite it replaces a file, and a link to it stays', async () => {
    const link = join(folder, 'latest.db');
    writeFileSync(target, 'old');
    symlinkSync(target, link);
    await using backend = await StateBackend.open(db);
    await backend.getAdmin().backup(link, { overwrite: true });
    expect(await provenLog(target)).toHaveLength(4);
    expect(namesIn(join(folder, 'backups'))).toEqual(['copy.db']);
  });

  test('an open database has the name', async () => {
    writeFileSync(`${target}-wal`, 'x');
    expect(await attempt(target, { overwrite: true })).toMatchObject({ code: 'TARGET_IN_USE', exitCode: 5 });
    expect(namesIn(join(folder, 'backups'))).toEqual(['copy.db-wal']);
  });

  test('the target is the database, or one of its files', async () => {
    const link = join(folder, 'link.db');
    symlinkSync(db, link);
    for (const file of [db, link, `${db}-wal`]) {
      expect(await attempt(file, { overwrite: true })).toMatchObject({ code: 'TARGET_IS_DATABASE', exitCode: 2 });
    }
    expect(await provenLog(db)).toHaveLength(4);
  });

  test.each([
    ['a folder that does not exist', () => join(folder, 'nowhere', 'copy.db'), 'NO_SUCH_FOLDER', 'file'],
    ['a folder that is a file', () => join(db, 'copy.db'), 'NO_SUCH_FOLDER', 'file'],
    ['a device', () => '/dev/null', 'NOT_A_FILE', 'file'],
    ['no name', () => '', 'CONTRADICTION', 'file'],
  ])('%s', async (_, file, code, field) => {
    expect(await attempt(file(), { overwrite: true })).toMatchObject({ code, exitCode: 2, details: { field } });
  });

  test('keeping backups without a folder, or none of them, or overwriting in a folder', async () => {
    const backups = join(folder, 'backups');
    for (const [file, options, field] of [
      [target, { rotation: { keep: 1 } }, 'keep'],
      [backups, { rotation: { keep: 0 } }, 'keep'],
      [backups, { rotation: { keep: 1.5 } }, 'keep'],
      [backups, { rotation: { keep: 1, every: 0 } }, 'every'],
      [backups, { overwrite: true }, 'overwrite'],
    ] as const) {
      expect(await attempt(file, options)).toMatchObject({ exitCode: 2, details: { field } });
    }
    expect(namesIn(backups)).toEqual([]);
  });

  test.each([
    ['an event', 'needle-1'],
    ['a table', 'item.r2'],
  ])('the database is damaged in %s', async (_, text) => {
    damage(db, text);
    await using backend = await StateBackend.open(db, { skipRebuild: true });
    const error = await refused(backend.getAdmin().backup(target));
    expect(error).toMatchObject({ code: 'BACKUP_DAMAGED', exitCode: 7 });
    expect(error.message).toContain(target);
    expect(error.message).not.toContain('partial');
    expect(namesIn(join(folder, 'backups'))).toEqual([]);
  });
});

describe('which backups are superseded', () => {
  const day = (...stamps: string[]) => stamps.map((stamp) => `stacks-202601${stamp}Z.db`);
  const DAY = 86_400_000;
  const cases: [string, string[], { keep: number; every?: number }, string, string[]][] = [
    ['fewer than are kept', day('01T000000'), { keep: 3 }, '01T000000', []],
    ['the oldest go', day('01T000000', '02T000000', '03T000000'), { keep: 2 }, '03T000000', day('01T000000')],
    ['all but the newest go', day('01T000000', '01T000001'), { keep: 1 }, '01T000001', day('01T000000')],
    [
      'of each day in UTC the newest stays',
      day('01T000000', '01T235959', '02T000000', '02T120000'),
      { keep: 9, every: DAY },
      '02T120000',
      day('02T000000', '01T000000'),
    ],
    [
      'of the newest of each day, so many stay',
      day('01T100000', '01T110000', '02T100000', '03T100000', '03T110000'),
      { keep: 2, every: DAY },
      '03T110000',
      day('03T100000', '01T110000', '01T100000'),
    ],
    [
      'the one just made stays, though the clock went back',
      day('01T000000', '02T000000', '03T000000'),
      { keep: 1 },
      '01T000000',
      day('02T000000'),
    ],
    [
      'an hour is counted from the epoch',
      day('01T005959', '01T010000'),
      { keep: 5, every: 3_600_000 },
      '01T010000',
      [],
    ],
  ];
  test.each(cases)('%s', (_, names, rotation, made, expected) => {
    const [madeName = ''] = day(made);
    expect(superseded(names, '/x/stacks.db', rotation, madeName)).toEqual(expected);
    expect(superseded([...names].reverse(), '/x/stacks.db', rotation, madeName)).toEqual(expected);
  });

  test.each([
    'stacks.db',
    'stacks-20260101T000000Z.db.partial-1',
    'stacks-20260101T000000Z.db-wal',
    'stacks-20260101T000000Z',
    'stacks-20260101.db',
    'stacks-20261301T000000Z.db',
    'stacks-20260230T000000Z.db',
    'stacks-20260101T250000Z.db',
    'stacks-2-20260101T000000Z.db',
    'mystacks-20260101T000000Z.db',
    'other-20260101T000000Z.db',
    'Stacks-20260101T000000Z.db',
    'stacks-20260101T000000Z.db ',
    '20260101T000000Z.db',
  ])('%s is no backup of stacks.db', (name) => {
    const made = 'stacks-20260201T000000Z.db';
    expect(superseded([name, made], 'stacks.db', { keep: 1 }, made)).toEqual([]);
  });

  test('names of a database are its own', () => {
    expect(backupName('/var/lib/stacks.db', '2026-01-31T12:00:00.123Z')).toBe('stacks-20260131T120000Z.db');
    expect(backupName('state', '2026-01-31T12:00:00.000Z')).toBe('state-20260131T120000Z.db');
    expect(superseded(['a.b-20260101T000000Z.db', 'axb-20260101T000000Z.db'], 'a.b.db', { keep: 1 }, '')).toEqual([]);
  });

  test('in a folder: superseded backups are deleted, and nothing else', async () => {
    await seed(db, 1);
    const backups = join(folder, 'backups');
    const foreign = ['notes.txt', 'other-20250101T000000Z.db', 'stacks-20250101T000000Z.db.partial-1'];
    for (const name of foreign) writeFileSync(join(backups, name), 'x');
    mkdirSync(join(backups, 'stacks-20240101T000000Z.db'));
    symlinkSync(join(backups, 'notes.txt'), join(backups, 'stacks-20240102T000000Z.db'));
    const clock = new TestClock();
    await using backend = await StateBackend.open(db, { clock });
    const made: string[] = [];
    for (let run = 0; run < 4; run++) {
      const { file, deleted } = await backend.getAdmin().backup(backups, { rotation: { keep: 2, every: DAY } });
      made.push(file);
      expect(deleted).toEqual(run < 2 ? [] : [made[run - 2]]);
      clock.advance(DAY);
    }
    expect(namesIn(backups)).toEqual(
      [
        ...foreign,
        'stacks-20240101T000000Z.db',
        'stacks-20240102T000000Z.db',
        'stacks-20260103T000000Z.db',
        'stacks-20260104T000000Z.db',
      ].sort(),
    );
    const again = await refused(
      StateBackend.open(db, { clock: { now: () => '2026-01-04T00:00:00.900Z' } }).then((other) =>
        other.getAdmin().backup(backups, { rotation: { keep: 1 } }),
      ),
    );
    expect(again).toMatchObject({ code: 'TARGET_EXISTS' });
    expect(namesIn(backups)).toHaveLength(7);
  });
});
