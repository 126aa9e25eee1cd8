import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openEngine } from '../../src/engine.js';
import {
  LEGACY_TABLES,
  type LegacyRecord,
  type LegacySource,
  type LegacyTable,
  type LegacyWorkflow,
  openLegacy,
} from '../../src/migration/source/source.js';
import { scratchFolder } from '../support/folder.js';
import { emptyLegacy, legacyTables, makeLegacy } from '../support/legacy.js';
import { parameters, TIMEOUT } from '../support/properties.js';

const FIXTURE = new URL('../fixtures/legacy/state.db', import.meta.url).pathname;

let folder: string;
let temporary: string;
let path: string;
beforeEach(() => {
  const scratch = scratchFolder();
  folder = join(scratch, 'old');
  temporary = join(scratch, 'tmp');
  mkdirSync(folder);
  mkdirSync(temporary);
  path = join(folder, 'state.db');
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** Opened, and closed when the test ends. */
async function open(file = path, onProgress?: Parameters<typeof openLegacy>[1]): Promise<LegacySource> {
  const source = await openLegacy(file, onProgress);
  onTestFinished(() => source.close());
  return source;
}

/** Every file of the source's folder with a hash of its bytes; of an `-shm` file, which holds locks, only the name. */
const bytes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name,
        name.endsWith('-shm')
          ? ''
          : createHash('sha256')
              .update(readFileSync(join(folder, name)))
              .digest('hex'),
      ]),
  );

const recordsOf = ({ workflow, ...children }: LegacyWorkflow): LegacyRecord[] => [
  workflow,
  ...Object.values(children as Record<string, readonly LegacyRecord[]>).flat(),
];

/** All rows, read as a migration does: with a turn for others between two workflows. */
async function readAll(source: LegacySource): Promise<LegacyRecord[]> {
  const records: LegacyRecord[] = [];
  for (const workflow of source.workflows()) {
    records.push(...recordsOf(workflow));
    await new Promise(setImmediate);
  }
  return [...records, ...source.orphans(), ...source.locks(), ...source.state()];
}

const countsOf = (records: readonly LegacyRecord[], tables: readonly string[] = LEGACY_TABLES) =>
  Object.fromEntries(tables.map((table) => [table, records.filter((record) => record.table === table).length]));

/** Another process that runs SQL on the source, and dies or ends. */
function otherProcess() {
  const code = `
    const db = new (require('better-sqlite3'))(${JSON.stringify(path)});
    require('node:readline').createInterface({ input: process.stdin })
      .on('line', (sql) => { try { db.exec(JSON.parse(sql)); console.log('done'); } catch (e) { console.log(e.message); } })
      .on('close', () => db.close());`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.on('close', resolve));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async exec(sql: string): Promise<void> {
      child.stdin.write(`${JSON.stringify(sql)}\n`);
      expect((await answers.next()).value).toBe('done');
    },
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
    async end(): Promise<void> {
      child.stdin.end();
      await ended;
    },
  };
}

function change(by: (db: Database.Database) => void, file = path): void {
  const db = new Database(file);
  try {
    by(db);
  } finally {
    db.close();
  }
}

const NEW_WORKFLOW = "INSERT INTO workflow_states (id, name, status) VALUES ('wf-later', 'later', 'success')";

/** Waits until mtimes tell a change apart. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

describe('an old database is read as it is at one moment, and not a byte of it is written', () => {
  /** Reads everything; the source is afterwards what it was before, and nothing is left in the temporary folder. */
  async function readUntouched(): Promise<LegacyRecord[]> {
    await settle();
    const before = bytes();
    const source = await open();
    const records = await readAll(source);
    expect(countsOf(records, Object.keys(source.counts))).toEqual(source.counts);
    expect(bytes()).toEqual(before);
    source.close();
    source.close();
    expect(bytes()).toEqual(before);
    expect(readdirSync(temporary)).toEqual([]);
    return records;
  }

  test('in rollback-journal mode', async () => {
    makeLegacy(path);
    const expected = legacyTables(path);
    expect(countsOf(await readUntouched())).toEqual(expected);
  });

  test('the fixture', async () => {
    copyFileSync(FIXTURE, path);
    chmodSync(path, 0o400);
    const records = await readUntouched();
    expect(countsOf(records)).toEqual(legacyTables(path));
    expect(records.find(({ id }) => id === 'r-big')?.row.attributes).toBe('{"n":9007199254740993,"f":1e400}');
  });

  test('in WAL mode, cleanly closed', async () => {
    makeLegacy(path);
    const expected = legacyTables(path);
    change((db) => db.pragma('journal_mode = WAL'));
    expect(Object.keys(bytes())).toEqual(['state.db']);
    expect(countsOf(await readUntouched())).toEqual(expected);
  });

  test('in WAL mode with commits that only its WAL holds, and nobody there', async () => {
    const live = join(dirname(folder), 'live.db');
    makeLegacy(live);
    const expected = legacyTables(live);
    change((db) => {
      db.pragma('journal_mode = WAL');
      db.exec(NEW_WORKFLOW);
      for (const suffix of ['', '-wal']) copyFileSync(live + suffix, path + suffix);
    }, live);
    const records = await readUntouched();
    expect(countsOf(records)).toEqual({ ...expected, workflow_states: (expected.workflow_states ?? 0) + 1 });
    expect(records.map(({ id }) => id)).toContain('wf-later');
  });

  test('in WAL mode with another process that has it open', async () => {
    makeLegacy(path);
    const other = otherProcess();
    await other.exec(`PRAGMA journal_mode = WAL; ${NEW_WORKFLOW}`);
    expect(Object.keys(bytes())).toEqual(['state.db', 'state.db-shm', 'state.db-wal']);
    expect((await readUntouched()).map(({ id }) => id)).toContain('wf-later');
    await other.end();
  });

  test('in WAL mode, left by a process that died', async () => {
    makeLegacy(path);
    const other = otherProcess();
    await other.exec(`PRAGMA journal_mode = WAL; ${NEW_WORKFLOW}`);
    await other.kill();
    expect(Object.keys(bytes())).toEqual(['state.db', 'state.db-shm', 'state.db-wal']);
    expect((await readUntouched()).map(({ id }) => id)).toContain('wf-later');
  });

  test('in WAL mode with an -shm file and no WAL, and with one that cannot be used', async () => {
    makeLegacy(path);
    change((db) => db.pragma('journal_mode = WAL'));
    const expected = countsOf(await readUntouched());
    writeFileSync(`${path}-shm`, '');
    expect(countsOf(await readUntouched())).toEqual(expected);
    rmSync(`${path}-shm`);
    mkdirSync(`${path}-shm`);
    writeFileSync(`${path}-wal`, '');
    expect(countsOf(await readUntouched())).toEqual(expected);
  });

  test('with the journal of a process that died in the middle of a transaction', async () => {
    makeLegacy(path);
    const other = otherProcess();
    await other.exec("PRAGMA cache_size = 1; BEGIN; UPDATE workflow_resources SET name = 'half'; DELETE FROM locks");
    await other.kill();
    expect(statSync(`${path}-journal`).size).toBeGreaterThan(1_000);
    const records = await readUntouched();
    expect(records.filter(({ row }) => row.name === 'half')).toEqual([]);
    expect(countsOf(records).locks).toBe(6);
  });

  test('with the journal of a process that is in the middle of a transaction', async () => {
    makeLegacy(path);
    const other = otherProcess();
    await other.exec("BEGIN; UPDATE workflow_resources SET name = 'half'");
    expect(existsSync(`${path}-journal`)).toBe(true);
    expect((await readUntouched()).filter(({ row }) => row.name === 'half')).toEqual([]);
    await other.exec('COMMIT');
    await other.end();
  });

  test.skipIf(process.getuid?.() === 0)('in a folder where nothing can be written', async () => {
    makeLegacy(path);
    change((db) => db.pragma('journal_mode = WAL'));
    chmodSync(folder, 0o500);
    onTestFinished(() => chmodSync(folder, 0o700));
    await readUntouched();
  });

  test.each(['DELETE', 'WAL'])('in %s mode others go on writing it, and what they write is not seen', async (mode) => {
    makeLegacy(path);
    const expected = legacyTables(path);
    const other = otherProcess();
    await other.exec(`PRAGMA busy_timeout = 0; PRAGMA journal_mode = ${mode}; UPDATE locks SET holder = 'other'`);
    const source = await open();
    expect(readdirSync(temporary)).toHaveLength(1);
    const records: LegacyRecord[] = [];
    let number = 0;
    for (const workflow of source.workflows()) {
      records.push(...recordsOf(workflow));
      await other.exec(`
        INSERT INTO workflow_states (id, name, status, created_at) VALUES ('later-${number}', 'later', 'x', '2099-01-01');
        UPDATE workflow_resources SET name = 'changed'; DELETE FROM workflow_tags; DELETE FROM state`);
      number++;
    }
    records.push(...source.orphans(), ...source.locks(), ...source.state());
    expect(source.counts).toEqual(expected);
    expect(countsOf(records)).toEqual(expected);
    expect(records.filter(({ row }) => row.name === 'changed' || row.name === 'later')).toEqual([]);
    source.close();
    const later = await open();
    expect(later.counts).toEqual({
      ...expected,
      workflow_states: (expected.workflow_states ?? 0) + number,
      workflow_tags: 0,
      state: 0,
    });
    await other.end();
  });

  test('a copy that others wrote into is made anew', async () => {
    makeLegacy(path);
    change((db) => db.pragma('journal_mode = WAL'));
    await settle();
    let copied = 0;
    const source = await open(path, ({ step, done }) => {
      if (step !== 'copying' || ++copied > 1) return;
      expect(done).toBeGreaterThan(0);
      change((db) => db.exec(`DELETE FROM workflow_tags; ${NEW_WORKFLOW}`));
    });
    expect(source.counts.workflow_tags).toBe(0);
    expect((await readAll(source)).map(({ id }) => id)).toContain('wf-later');
    expect(readdirSync(temporary)).toHaveLength(1);
  });

  test('one that others write into every time is given up, and nothing is left', async () => {
    makeLegacy(path);
    change((db) => db.pragma('journal_mode = WAL'));
    await settle();
    const opened = openLegacy(path, () => change((db) => db.exec('UPDATE locks SET holder = holder || 1')));
    await expect(opened).rejects.toMatchObject({ code: 'SOURCE_BUSY', exitCode: 5, details: { field: 'source' } });
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('a copy is private, and goes when the process exits', async () => {
    makeLegacy(path);
    await open();
    const [name = ''] = readdirSync(temporary);
    expect(statSync(join(temporary, name)).mode & 0o777).toBe(0o700);
    const [clear] = process.listeners('exit').slice(-1);
    clear?.call(process, 0);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('through a link, the file it leads to is read with its WAL', async () => {
    makeLegacy(path);
    const other = otherProcess();
    await other.exec(`PRAGMA journal_mode = WAL; ${NEW_WORKFLOW}`);
    const link = join(dirname(folder), 'link.db');
    symlinkSync(path, link);
    const source = await open(link);
    expect(source.path).toBe(path);
    expect((await readAll(source)).map(({ id }) => id)).toContain('wf-later');
    source.close();
    await other.end();
  });
});

describe('what is no old database is refused', () => {
  const refusal = async (file = path) => {
    const error = await openLegacy(file).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ details: { field: 'source' }, hint: expect.stringMatching(/\.$/) });
    expect(readdirSync(temporary)).toEqual([]);
    return error;
  };
  const notLegacy = (text: string) => ({
    code: 'NOT_A_LEGACY_DATABASE',
    exitCode: 2,
    message: expect.stringContaining(text),
  });

  test('no file', async () => {
    const missing = { code: 'SOURCE_NOT_FOUND', exitCode: 3, message: expect.stringContaining(path) };
    expect(await refusal()).toMatchObject(missing);
    writeFileSync(join(folder, 'file'), '');
    expect(await refusal(join(folder, 'file', 'state.db'))).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(await refusal('')).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('a folder, an empty file, another file', async () => {
    expect(await refusal(folder)).toMatchObject(notLegacy('no file'));
    writeFileSync(path, '');
    expect(await refusal()).toMatchObject(notLegacy('empty'));
    writeFileSync(path, 'SQLite format 2 '.repeat(20));
    expect(await refusal()).toMatchObject(notLegacy('no SQLite database'));
    writeFileSync(path, 'SQLite format 3\0 and no more');
    expect(await refusal()).toMatchObject(notLegacy('no SQLite database'));
  });

  test('a database of ours, closed or with its mark in the WAL only', async () => {
    await openEngine(path).store.close();
    expect(await refusal()).toMatchObject(notLegacy('a database of this system'));
    change((db) => db.pragma('application_id = 0'));
    const other = otherProcess();
    await other.exec(`PRAGMA application_id = ${0x53_4c_54_48}`);
    expect(await refusal()).toMatchObject(notLegacy('a database of this system'));
    await other.end();
  });

  test('one without workflows, or where they are no table', async () => {
    emptyLegacy(path, { without: ['workflow_states'] }).close();
    expect(await refusal()).toMatchObject(notLegacy('no table workflow_states'));
    change((db) => db.exec("CREATE VIEW workflow_states AS SELECT 1 AS id, 'a' AS name, 'x' AS status"));
    expect(await refusal()).toMatchObject(notLegacy('a view'));
  });

  test('a damaged one: a page that is gone', async () => {
    makeLegacy(path);
    const content = readFileSync(path);
    const page = Math.floor(content.indexOf('Workflow created') / 4_096);
    content.fill(0, page * 4_096, (page + 1) * 4_096);
    writeFileSync(path, content);
    expect(await refusal()).toMatchObject({
      code: 'SOURCE_DAMAGED',
      exitCode: 7,
      message: expect.stringContaining(path),
    });
  });

  test('a damaged one: a page of a long value, which is seen when the row is read', async () => {
    const db = emptyLegacy(path);
    const insert = "INSERT INTO state_versions (id, workflow_id, version, state) VALUES ('v', 'gone', 1, ?)";
    db.prepare(insert).run('x'.repeat(50_000));
    db.close();
    const content = readFileSync(path);
    const page = Math.floor(content.lastIndexOf('x'.repeat(4_000)) / 4_096) - 1;
    content.writeUInt32BE(0xff_ff_ff, page * 4_096); // where the value goes on
    writeFileSync(path, content);
    const source = await open();
    expect(() => [...source.orphans()]).toThrow(expect.objectContaining({ code: 'SOURCE_DAMAGED' }));
  });

  test('a damaged one: a row that a search by its key does not find', async () => {
    change((db) => {
      db.exec('CREATE TABLE workflow_states (id)');
      for (const id of ['wf-first', 'wf-other', 'wf-third'])
        db.prepare('INSERT INTO workflow_states VALUES (?)').run(id);
    });
    const content = readFileSync(path);
    const rowid = content.indexOf('wf-first') - 3; // before it in the cell: the rowid, the header's size, the type
    expect(content[rowid]).toBe(1);
    content[rowid] = 100;
    writeFileSync(path, content);
    const source = await open();
    expect(() => [...source.workflows()]).toThrow(expect.objectContaining({ code: 'SOURCE_DAMAGED' }));
  });
});

describe('rows', () => {
  /** Writes an old database by hand. */
  const write = (sql: string, without: readonly LegacyTable[] = []): void => {
    const db = emptyLegacy(path, { without });
    db.exec(sql);
    db.close();
  };
  const idsOf = (records: Iterable<LegacyRecord>): string[] => Array.from(records, ({ id }) => id);

  test('missing tables are absent', async () => {
    write(
      "INSERT INTO workflow_states (id, name, status) VALUES ('a', 'a', 'x')",
      LEGACY_TABLES.filter((table) => table !== 'workflow_states'),
    );
    const source = await open();
    expect(source.counts).toEqual({ workflow_states: 1 });
    expect([...source.workflows()]).toMatchObject([
      { workflow: { id: 'a' }, resources: [], outputs: [], versions: [], drift: [], tags: [], activity: [] },
    ]);
    expect([...source.orphans(), ...source.locks(), ...source.state()]).toEqual([]);
  });

  test('unknown columns are kept, missing ones are absent', async () => {
    write(
      `CREATE TABLE workflow_states (id TEXT, "__proto__", "odd ""name""", doubled AS (id || id));
       INSERT INTO workflow_states VALUES ('a', 'evil', 1);
       CREATE TABLE workflow_tags (tag); INSERT INTO workflow_tags VALUES ('t');`,
      ['workflow_states', 'workflow_tags'],
    );
    const source = await open();
    const [workflow] = source.workflows();
    expect(Object.entries(workflow?.workflow.row ?? {})).toEqual([
      ['id', 'a'],
      ['__proto__', 'evil'],
      ['odd "name"', 1n],
      ['doubled', 'aa'],
    ]);
    expect([...source.orphans()]).toEqual([{ table: 'workflow_tags', id: 'rowid 1', row: { tag: 't' } }]);
  });

  test('cells are as SQLite holds them', async () => {
    write(
      `CREATE TABLE workflow_states (id, big, least, real, whole, inf, blob, empty, none, nul, latin1, mark);
       INSERT INTO workflow_states VALUES ('a', 4611686018427387904, -9223372036854775808, 0.1, 2.0, 9e999, x'00ff', '',
         NULL, 'a' || char(0) || 'b', CAST(x'61e762' AS TEXT), 'a' || char(65533) || 'b')`,
      ['workflow_states'],
    );
    const [workflow] = (await open()).workflows();
    expect(workflow?.workflow.row).toEqual({
      id: 'a',
      big: 2n ** 62n,
      least: -(2n ** 63n),
      real: 0.1,
      whole: 2,
      inf: Number.POSITIVE_INFINITY,
      blob: Buffer.from([0, 255]),
      empty: '',
      none: null,
      nul: 'a\0b',
      latin1: Buffer.from('a\xe7b', 'latin1'),
      mark: 'a\ufffdb',
    });
  });

  test('what names them', async () => {
    write(`
      INSERT INTO workflow_states (id, name, status, created_at) VALUES ('w', 'n', 'x', 1), (NULL, 'n', 'x', 2);
      INSERT INTO workflow_outputs (workflow_id, key, value) VALUES ('w', 'k/1', '');
      INSERT INTO workflow_tags (workflow_id, tag) VALUES ('w', 't');
      INSERT INTO workflow_activity (id, workflow_id, action) VALUES (7, 'w', '');
      INSERT INTO workflow_resources (id, workflow_id, type, name, action, status) VALUES (x'0aff', 'w', '', '', '', '');
      INSERT INTO locks VALUES ('l', '', '', ''), (NULL, '', '', ''); INSERT INTO state (key, value) VALUES ('s', '')`);
    const source = await open();
    const [first, second] = source.workflows();
    expect(idsOf(recordsOf(first as LegacyWorkflow))).toEqual(['w', "x'0aff'", 'w/k/1', 'w/t', '7']);
    expect(idsOf(recordsOf(second as LegacyWorkflow))).toEqual(['rowid 2']);
    expect(idsOf(source.locks())).toEqual(['l', 'rowid 2']);
    expect(idsOf(source.state())).toEqual(['s']);
  });

  test('rows belong to the workflow whose id is their workflow_id as text, to the first of several', async () => {
    write(
      `CREATE TABLE workflow_states (id COLLATE NOCASE, name, created_at);
       INSERT INTO workflow_states VALUES ('x', 'later', '2025-02-01'), ('x', 'first', '2025-01-01'), (5, 'five', '2025-03-01'),
         (NULL, 'none', NULL), ('it''s 100% "ação" 😀', 'odd', '2025-04-01'), ('X', 'upper', '2025-04-01');
       CREATE TABLE workflow_tags (workflow_id COLLATE NOCASE, tag);
       INSERT INTO workflow_tags VALUES ('x', '1'), ('5', '2'), (5, '3'), (NULL, '4'), ('it''s 100% "ação" 😀', '5'),
         ('X', '6'), ('gone', '7'), (5.0, '8'), ('x', '0')`,
      ['workflow_states', 'workflow_tags'],
    );
    const source = await open();
    expect(
      [...source.workflows()].map(({ workflow, tags }) => [workflow.row.name, tags.map(({ row }) => row.tag)]),
    ).toEqual([
      ['none', []],
      ['first', ['1', '0']],
      ['later', []],
      ['five', ['2', '3']],
      ['odd', ['5']],
      ['upper', ['6']],
    ]);
    expect(Array.from(source.orphans(), ({ id, row }) => [id, row.tag])).toEqual([
      ['rowid 4', '4'],
      ['gone/7', '7'],
      ['5/8', '8'],
    ]);
  });

  test('a lock belongs to the workflow whose id, or else whose name it has', async () => {
    write(`
      INSERT INTO workflow_states (id, name, status, created_at)
        VALUES ('a', 'b', 'x', 1), ('b', 'same', 'x', 2), ('c', 'same', 'x', 3), (5, 'five', 'x', 4);
      INSERT INTO locks VALUES ('b', '', '', ''), ('same', '', '', ''), ('5', '', '', ''), ('B', '', '', ''), ('gone', '', '', ''),
        ('a', '', '', ''), (NULL, '', '', '')`);
    const source = await open();
    expect([...source.workflows()].map(({ workflow, locks }) => [workflow.id, idsOf(locks)])).toEqual([
      ['a', ['a']],
      ['b', ['b', 'same']],
      ['c', []],
      ['5', ['5']],
    ]);
    expect(idsOf(source.locks())).toEqual(['B', 'gone', 'rowid 7']);
  });

  test('tables without rowid, and with columns that take its name', async () => {
    write(
      `CREATE TABLE workflow_states (id TEXT PRIMARY KEY COLLATE NOCASE, created_at) WITHOUT ROWID;
       INSERT INTO workflow_states VALUES ('b', NULL), ('A', NULL);
       CREATE TABLE workflow_resources (workflow_id, "a ""b""" , PRIMARY KEY ("a ""b""", workflow_id)) WITHOUT ROWID;
       INSERT INTO workflow_resources VALUES ('b', 2), ('b', 'x'), ('b', 1), ('c', x'01');
       CREATE TABLE workflow_activity (workflow_id, rowid, oid);
       INSERT INTO workflow_activity VALUES ('A', 'same', 1), ('A', 'same', 1)`,
      ['workflow_states', 'workflow_resources', 'workflow_activity'],
    );
    const source = await open();
    const workflows = [...source.workflows()];
    expect(workflows.map(({ workflow }) => workflow.id)).toEqual(['A', 'b']);
    expect(workflows.map(({ activity }) => idsOf(activity))).toEqual([['rowid 1', 'rowid 2'], []]);
    expect(workflows[1]?.resources.map(({ row }) => row['a "b"'])).toEqual([1n, 2n, 'x']);
    expect(idsOf(source.orphans())).toEqual(['row 4']);
  });

  test('more orphans than are held at a time', async () => {
    write(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO workflow_activity (workflow_id, action) SELECT 'gone', i FROM n`);
    expect(idsOf((await open()).orphans())).toEqual(Array.from({ length: 2_500 }, (_, index) => String(index + 1)));
  });

  test('what is read can be read again, and two readings go on side by side', async () => {
    makeLegacy(path);
    const source = await open();
    const [one, other] = [source.workflows()[Symbol.iterator](), source.workflows()[Symbol.iterator]()];
    one.next();
    const second = one.next().value;
    other.next();
    expect(other.next().value).toEqual(second);
    expect(await readAll(source)).toEqual(await readAll(source));
  });
});

const sqlValue = fc.oneof(
  fc.constantFrom<null | number | bigint | string | Buffer>(null, 1n, '1', 'a', 'A', "it's", '😀%', 1.5, 2n ** 62n, ''),
  fc.constant(Buffer.from('a')),
);
const CHILDREN = LEGACY_TABLES.slice(1, 7);
const oldDatabase = fc.record({
  workflows: fc.array(fc.tuple(sqlValue, fc.constantFrom(null, 5, '2025-01-01', '2025-01-02')), { maxLength: 8 }),
  children: fc.dictionary(
    fc.constantFrom(...CHILDREN),
    fc.record({ withoutRowid: fc.boolean(), owners: fc.array(sqlValue, { maxLength: 12 }) }),
  ),
});

test('every row of any old database comes once, with its workflow or as an orphan', { timeout: TIMEOUT }, async () => {
  let number = 0;
  const text = (value: unknown): string | null =>
    value === null ? null : value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
  const rank = (time: unknown): string => (time === null ? '0' : typeof time === 'string' ? `2${time}` : '1');
  await fc.assert(
    fc.asyncProperty(oldDatabase, async ({ workflows, children }) => {
      const file = join(folder, `${++number}.db`);
      const db = new Database(file);
      db.pragma('synchronous = OFF');
      db.exec('CREATE TABLE workflow_states (n INTEGER PRIMARY KEY, id, created_at)');
      const insert = (table: string, ...row: unknown[]) =>
        db.prepare(`INSERT INTO ${table} VALUES (${row.map(() => '?').join(', ')})`).run(...row);
      for (const [n, [id, time]] of workflows.entries()) insert('workflow_states', n, id, time);
      for (const [table, { withoutRowid, owners }] of Object.entries(children)) {
        db.exec(`CREATE TABLE ${table} (n INT PRIMARY KEY, workflow_id) ${withoutRowid ? 'WITHOUT ROWID' : ''}`);
        for (const [n, owner] of owners.entries()) insert(table, BigInt(n), owner);
      }
      db.close();

      const order = workflows
        .map(([id, time], n) => ({ id: text(id), time, n }))
        .sort((a, b) => (rank(a.time) < rank(b.time) ? -1 : rank(a.time) > rank(b.time) ? 1 : a.n - b.n));
      const ownerOf = (owner: unknown): number | undefined =>
        owner === null ? undefined : order.find(({ id }) => id === text(owner))?.n;
      const numbers = (table: string, belongs: (owner: unknown) => boolean): bigint[] =>
        (children[table]?.owners ?? []).flatMap((owner, n) => (belongs(owner) ? [BigInt(n)] : []));

      const source = await openLegacy(file);
      try {
        expect(source.counts).toEqual(legacyTables(file));
        const found = [...source.workflows()];
        expect(found.map(({ workflow }) => workflow.row.n)).toEqual(order.map(({ n }) => BigInt(n)));
        for (const workflow of found) {
          const records = recordsOf(workflow).slice(1);
          for (const table of CHILDREN) {
            expect(records.filter((record) => record.table === table).map(({ row }) => row.n)).toEqual(
              numbers(table, (owner) => ownerOf(owner) === Number(workflow.workflow.row.n)),
            );
          }
        }
        const orphans = [...source.orphans()];
        for (const table of CHILDREN) {
          expect(orphans.filter((record) => record.table === table).map(({ row }) => row.n)).toEqual(
            numbers(table, (owner) => ownerOf(owner) === undefined),
          );
        }
      } finally {
        source.close();
      }
    }),
    parameters(),
  );
});
