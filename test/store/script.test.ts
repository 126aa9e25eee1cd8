import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { type Engine, openEngine, writeScript } from '../../src/engine.js';
import { GENESIS_HASH, type LogHead } from '../../src/events/index.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import { SCHEMA_VERSION } from '../../src/store/sqlite/schema.js';
import { LIFE, live } from '../contracts/life.js';
import { TestClock } from '../support/clock.js';
import { steps } from '../support/commands.js';
import { scratchFolder } from '../support/folder.js';
import { live as liveThrough } from '../support/lives.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { runSqlite3, withoutSqlite3 } from '../support/sqlite3.js';
import { tamper } from '../support/tamper.js';

const EMPTY = { position: 0, hash: GENESIS_HASH };

let folder: string;
let scratch: string;
let target: string;
let script: string;
beforeEach(() => {
  folder = scratchFolder();
  scratch = join(folder, 'scratch.db');
  target = join(folder, 'target.db');
  script = join(folder, 'script.sql');
});

/** How a script is executed: returns its exit code and its error output. */
type Run = (database: string, script: string) => { readonly code: number | null; readonly stderr: string };

const byDriver: Run = (database, file) => {
  const db = new Database(database);
  try {
    db.exec(readFileSync(file, 'utf8').replaceAll(/(?<=\n)\.[^\n]*/g, ''));
    return { code: 0, stderr: '' };
  } catch (error) {
    return { code: 1, stderr: String(error) };
  } finally {
    db.close();
  }
};

const none = withoutSqlite3();
const RUNNERS: readonly (readonly [string, boolean, Run])[] = [
  ['by the sqlite3 program', none, runSqlite3],
  ['by the driver', false, byDriver],
];

async function write(from: Pick<LogHead, 'position' | 'hash'>, about: readonly string[] = []): Promise<LogHead> {
  let text = '';
  const head = await writeScript(scratch, (piece) => void (text += piece), { from, about });
  writeFileSync(script, text);
  return head;
}

/** The content of a database file: its schema, its pragmas and every row of every table. */
function content(path: string) {
  const db = new Database(path, { readonly: true });
  try {
    const objects = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
    // No script contains the log's key: each database creates its own.
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'log_key' ORDER BY name")
      .pluck()
      .all();
    const rows = (name: unknown) =>
      (db.prepare(`SELECT * FROM ${name}`).raw().safeIntegers().all() as unknown[][])
        .map((row) => row.map(String))
        .sort();
    return {
      objects,
      rows: Object.fromEntries(tables.map((name) => [name, rows(name)])),
      marks: ['application_id', 'user_version', 'journal_mode'].map((name) => db.pragma(name, { simple: true })),
    };
  } finally {
    db.close();
  }
}

const on = async <T>(path: string, use: (engine: Engine) => Promise<T>, clock = new TestClock()): Promise<T> => {
  const engine = openEngine(path, clock);
  try {
    return await use(engine);
  } finally {
    await engine.store.close();
  }
};

const make = (path: string, life: typeof LIFE): Promise<LogHead> => {
  const clock = new TestClock();
  return on(path, ({ store }) => live(store, clock, life).then(() => store.head()), clock);
};

/** A whole life, and the target after this number of its steps. */
async function lifeWithTargetAt(stepsBefore: number): Promise<LogHead> {
  const clock = new TestClock();
  const { store } = openEngine(scratch, clock);
  await live(store, clock, LIFE.slice(0, stepsBefore));
  await store.backup(target);
  const from = await store.head();
  await live(store, clock, LIFE.slice(stepsBefore));
  await store.close();
  return from;
}

/** The target equals the scratch database row for row, has the expected content, and accepts commands. */
async function expectSame(): Promise<void> {
  expect(content(target)).toEqual(content(scratch));
  await on(target, async (engine) => {
    expect((await verifyStore(engine.store)).problems).toEqual([]);
    const { position } = await engine.store.head();
    const more = { type: 'createStack', id: 'more', name: 'more' } as const;
    expect(await engine.execute(more, { actor: 'a' })).toMatchObject({ firstPosition: position + 1, events: 1 });
    expect((await verifyStore(engine.store)).problems).toEqual([]);
  });
}

describe.each(RUNNERS)('a script run %s', (_, absent, run) => {
  describe.skipIf(absent)('is equivalent to the commands', () => {
    test('from nothing, a whole life into a new file', async () => {
      await make(scratch, LIFE);
      await write(EMPTY);
      expect(existsSync(target)).toBe(false);
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      await expectSame();
    });

    test('into a database that was opened once and has no events', async () => {
      await make(scratch, LIFE);
      await write(EMPTY);
      await make(target, []);
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      await expectSame();
    });

    test('and one whose empty tables were rebuilt, for which it was made', async () => {
      await on(target, ({ store }) => store.rebuild());
      await on(target, ({ store }) => store.backup(scratch));
      await make(scratch, LIFE);
      await write(EMPTY);
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      await expectSame();
    });

    test.each([1, 3, 11, 30, 60, 85, LIFE.length])('from the middle of a life, after %i steps', async (before) => {
      await write(await lifeWithTargetAt(before));
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      await expectSame();
    });

    test('two stacks that swap their names, and an id that moves', async () => {
      const named = (stack: string, name: string): Command => ({ type: 'updateStack', stack, name });
      const owner = (name: string): Command => ({
        type: 'apply',
        stack: 'one',
        resources: [{ type: 't', name, id: 'own' }],
      });
      let from: LogHead | undefined;
      await on(scratch, async ({ store, execute }) => {
        const run = (command: Command) => execute(command, { actor: 'a' });
        await run({ type: 'createStack', id: 'one', name: 'a' });
        await run({ type: 'createStack', id: 'two', name: 'b' });
        await run({ type: 'apply', stack: 'one', resources: [{ type: 't', name: 'first' }] });
        await run({ type: 'apply', stack: 'one', remove: ['t.first'] });
        await run(owner('last'));
        from = await store.head();
        await store.backup(target);
        for (const command of [named('one', 'c'), named('two', 'a'), named('one', 'b')]) await run(command);
        await run({ type: 'apply', stack: 'one', remove: ['own'] });
        await run(owner('first'));
      });
      await write(from as LogHead);
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      await expectSame();
    });

    test('texts that SQL, its shell or a terminal could misinterpret', async () => {
      const prose = [
        "it's; -- no comment /* nor this",
        '.quit\n.bail off\r\n\tgo\n/\n;\nCOMMIT;\n',
        '\r\n',
        '\\n is no line feed, "this" is no name',
        "'",
        ';\n'.repeat(3_000),
        ' é 😀 \u2028 \ufeff ',
      ];
      const name = `';--"*/ \\u000a é 😀.`;
      await on(scratch, async ({ execute }) => {
        await execute({ type: 'createStack', id: "a'b", name }, { actor: "O'Neill; --" });
        for (const [index, text] of prose.entries()) {
          await execute({ type: 'updateStack', stack: name, description: text }, { actor: 'a', reason: text });
          await execute({ type: 'takeSnapshot', stack: name, description: text }, { actor: 'a' });
          const reasoned = { type: 'addDriftRule', stack: name, path: `p${index}`, reason: `${text}.` } as const;
          await execute(reasoned, { actor: 'a' });
        }
        const odd = { text: `\u009b31m\u007f${'x;\n'.repeat(400_000)}` };
        await execute({ type: 'recordActivity', stack: name, action: 'large', details: odd }, { actor: 'a' });
      });
      tamper(scratch, "UPDATE snapshot_rows SET created_by = 'a' || char(0) || 'b' || char(10) WHERE position = 3");
      await write(EMPTY, ['from a file named', 'x\n.quit\n; DROP TABLE events']);
      expect(readFileSync(script, 'utf8')).not.toMatch(/[^\P{Cc}\n]/u);
      expect(readFileSync(script, 'utf8')).toContain("CAST(x'61006");
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      expect(content(target)).toEqual(content(scratch));
    });

    test('many rows in statements of bounded size', async () => {
      const resources = Array.from({ length: 350 }, (_, n) => ({
        type: 't',
        name: `r${n}`,
        properties: { text: 'x'.repeat(n % 7 === 0 ? 400_000 : 10) },
      }));
      await on(scratch, async ({ execute }) => {
        await execute({ type: 'createStack', id: 's', name: 's' }, { actor: 'a' });
        await execute({ type: 'apply', stack: 's', resources }, { actor: 'a' });
      });
      await write(EMPTY);
      const sizes = readFileSync(script, 'utf8')
        .split(/;\n/)
        .map((statement) => [statement.length, statement.split('\n(').length - 1]);
      expect(Math.max(...sizes.map(([size = 0]) => size))).toBeLessThan(1 << 21);
      expect(Math.max(...sizes.map(([, rows = 0]) => rows))).toBe(100);
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      await expectSame();
    });
  });

  describe.skipIf(absent)('is refused and changes nothing', () => {
    const refused = (message: string): void => {
      const before = existsSync(target) ? readFileSync(target) : undefined;
      const { code, stderr } = run(target, script);
      expect(stderr).toContain(message);
      expect(code).not.toBe(0);
      if (before) expect(readFileSync(target).equals(before)).toBe(true);
    };

    test('if the target has changed since', async () => {
      const from = await lifeWithTargetAt(20);
      await write(from);
      await on(target, ({ execute }) => execute({ type: 'addTags', stack: 'web', tags: ['late'] }, { actor: 'a' }));
      const before = content(target);
      refused(`the target must stand at event ${from.position}, hash ${from.hash}`);
      expect(content(target)).toEqual(before);
    });

    test('if it is at the same position of another log', async () => {
      const from = await lifeWithTargetAt(1);
      await write(from);
      rmSync(target);
      await on(target, ({ execute }) => execute({ type: 'createStack', id: 'x', name: 'x' }, { actor: 'a' }));
      refused(`the target must stand at event 1, hash ${from.hash}`);
    });

    test.each([0, 20])('a second time, from step %i', async (before) => {
      const from = before === 0 ? EMPTY : await lifeWithTargetAt(before);
      if (before === 0) await make(scratch, LIFE);
      await write(from);
      expect(run(target, script)).toMatchObject({ code: 0 });
      refused(`the target must stand at event ${from.position}`);
      await expectSame();
    });

    test('if the target does not exist, and the script continues from a position', async () => {
      await write(await lifeWithTargetAt(20));
      rmSync(target);
      refused(`the target must be a database of schema ${SCHEMA_VERSION}`);
      expect(existsSync(target) ? content(target).objects : []).toEqual([]);
    });

    test.each([0, 20])('if the target is another program’s, from step %i', async (before) => {
      const from = before === 0 ? EMPTY : await lifeWithTargetAt(before);
      if (before === 0) await make(scratch, LIFE);
      await write(from);
      rmSync(target, { force: true });
      const other = new Database(target);
      other.exec('CREATE TABLE events (position, hash)');
      other.close();
      refused('the target must be a');
    });

    test.each([0, 20])('if the target has another schema, from step %i', async (before) => {
      const from = await lifeWithTargetAt(before);
      await write(from);
      tamper(target, 'PRAGMA user_version = 1');
      refused(`of schema ${SCHEMA_VERSION}`);
    });

    test.each(["version = 0 WHERE name = 'tags'", "position = position - 1 WHERE name = 'tags'"])(
      'where the target’s tables are not of this release: %s',
      async (change) => {
        const from = await lifeWithTargetAt(20);
        await write(from);
        tamper(target, `UPDATE projection_checkpoints SET ${change}`);
        refused(`the tables of the target must be those of this release at event ${from.position}`);
      },
    );

    test('if an empty target has other tables', async () => {
      await make(scratch, LIFE);
      await write(EMPTY);
      await make(target, []);
      tamper(target, 'CREATE TABLE mine (x)');
      refused('the target must not hold other tables');
    });

    test('if an event in the middle cannot be written', async () => {
      await write(await lifeWithTargetAt(20));
      const text = readFileSync(script, 'utf8');
      const at = text.lastIndexOf('INSERT INTO events');
      writeFileSync(script, `${text.slice(0, at)}DELETE FROM events WHERE position = 1;\n${text.slice(at)}`);
      refused('the event log is immutable: DELETE refused');
    });
  });
});

describe('refused scripts', () => {
  test('a log that does not continue from there, or is invalid', async () => {
    const from = await lifeWithTargetAt(20);
    await expect(write({ position: from.position, hash: GENESIS_HASH })).rejects.toMatchObject({ code: 'LOG_BROKEN' });
    await expect(write({ position: 9_999, hash: from.hash })).rejects.toMatchObject({ code: 'LOG_BROKEN' });
    tamper(scratch, `UPDATE events SET data = '{}' WHERE position = ${from.position + 3}`);
    await expect(write(from)).rejects.toMatchObject({ code: 'LOG_BROKEN', details: { position: from.position + 3 } });
  });

  test('a missing file', async () => {
    await expect(write(EMPTY)).rejects.toMatchObject({ code: 'CANNOT_OPEN' });
    expect(existsSync(scratch)).toBe(false);
  });

  test('stops if its consumer fails, and waits for its consumer', async () => {
    await make(scratch, LIFE);
    let pieces = 0;
    const full = () => {
      pieces++;
      return pieces === 90 ? Promise.reject(new Error('no space')) : Promise.resolve();
    };
    await expect(writeScript(scratch, full, { from: EMPTY, about: [] })).rejects.toThrow('no space');
    expect(pieces).toBe(90);
  });
});

test('reports progress', async () => {
  const { position } = await make(scratch, LIFE);
  const seen = new Map<string, readonly number[]>();
  await writeScript(scratch, () => {}, {
    from: EMPTY,
    about: [],
    onProgress: ({ step = '', done, total }) => seen.set(step, [done, total]),
  });
  expect([...seen]).toEqual([
    ['writing events', [position, position]],
    ['finding rows', [position, position]],
    ['writing rows', [14, 15]],
  ]);
});

test('any life, from any place of it', { timeout: TIMEOUT }, async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(steps(), fc.nat(), async (life, place) => {
      runs++;
      [scratch, target, script] = ['scratch.db', 'target.db', 'script.sql'].map((name) =>
        join(folder, `${runs}-${name}`),
      ) as [string, string, string];
      let from: LogHead = { ...EMPTY, recordedAt: null };
      const at = life.length === 0 ? -1 : (place % (life.length + 1)) - 1;
      const { store } = await liveThrough(
        life,
        async (engine, { index }) => {
          if (index !== at) return;
          from = await engine.store.head();
          await engine.store.backup(target);
        },
        scratch,
      );
      await store.close();
      await write(from);
      const run = none || runs % 2 ? byDriver : runSqlite3;
      expect(run(target, script)).toMatchObject({ code: 0, stderr: '' });
      await expectSame();
    }),
    parameters(0.5),
  );
});
