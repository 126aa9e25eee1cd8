import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandProcesses } from '../support/cli.js';
import { namesIn } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';

const STAND_IN = new URL('../support/other-driver.cjs', import.meta.url).pathname;
const withDriver = (kind: string, db?: string) =>
  commandProcesses(db, { NODE_OPTIONS: `--require=${STAND_IN}`, STAND_IN: kind });

describe.each([
  ['of another Node', 'was built for another version of Node'],
  ['not built', 'was not built'],
])('a native module that is %s', (kind, message) => {
  test.each([['stack', 'state', 'list'], ['doctor'], ['token', 'list']])(
    'is reported with the next step: %s %s',
    async (...args) => {
      const { run, db } = commandProcesses();
      await run(['stack', 'new', 'web']);
      const tokens = args[0] === 'token' ? ['--tokens', join(scratchFolder(), 'tokens.db')] : [];
      if (tokens.length > 0) await run(['token', 'create', '--role', 'read', ...tokens]);
      const { code, stdout, stderr } = await withDriver(kind, db).run([...args, ...tokens]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(
        `Error: the native module of better-sqlite3 ${message}\n` +
          `Run npm rebuild better-sqlite3 with the Node that runs sloth-runner (${process.version}).\n`,
      );
    },
  );

  test('is reported as JSON with a stable code', async () => {
    const { run, db } = commandProcesses();
    await run(['stack', 'new', 'web']);
    const { stdout } = await withDriver(kind, db).run(['stack', 'state', 'list', '--output', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'NATIVE_MODULE', details: { node: process.version } } });
  });
});

describe('a SQLite version that loses commits', () => {
  const TOO_OLD = 'SQLite 3.51.2 can lose acknowledged commits; 3.51.3 is needed';

  test('writes nothing', async () => {
    const { run, db } = withDriver('old');
    const { code, stderr } = await run(['stack', 'new', 'web']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`Error: ${TOO_OLD}\n`) });
    expect(existsSync(db) ? statSync(db).size : 0).toBe(0);
  });

  test('leaves an existing database unchanged', async () => {
    const { run, db } = commandProcesses();
    await run(['stack', 'new', 'web']);
    const [before, names] = [statSync(db), namesIn(dirname(db))];
    const { code } = await withDriver('old', db).run(['stack', 'new', 'api']);
    expect(code).toBe(1);
    expect(statSync(db).mtimeMs).toBe(before.mtimeMs);
    expect(namesIn(dirname(db))).toEqual(names);
  });

  test('is shown by doctor with a warning, as text and JSON', async () => {
    const { run, db } = commandProcesses();
    await run(['stack', 'new', 'web']);
    const old = withDriver('old', db);
    const text = await old.run(['doctor']);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/sqlite +3\.51\.2, at least 3\.51\.3/);
    expect(text.stdout).toContain(`Warning: ${TOO_OLD}`);
    const json = await old.run(['doctor', '--output', 'json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      database: { path: db },
      sqlite: { version: '3.51.2', oldest: '3.51.3' },
      warnings: [expect.stringContaining(TOO_OLD)],
    });
  });
});

test('doctor shows the version of a SQLite that is new enough, without a warning', async () => {
  const { json, text, run } = commandProcesses();
  await run(['stack', 'new', 'web']);
  const { sqlite, database, warnings } = await json('doctor');
  expect(database.engine).toBe(`SQLite ${sqlite.version}`);
  expect(warnings).toEqual([]);
  expect(await text('doctor')).toContain(`sqlite       ${sqlite.version}, at least 3.51.3`);
});
