import pg from 'pg';
import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { GUARD } from '../../src/store/postgres/log-end.js';
import { SCHEMA_VERSION } from '../../src/store/postgres/schema.js';
import { emptySchema } from '../support/postgres.js';

async function onDatabase(url: string, ...texts: readonly string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const results: pg.QueryResult[] = [];
  for (const text of texts) results.push(await client.query(text));
  await client.end();
  return results;
}

/** Reverts the changes of later releases. */
const TO_SCHEMA_2 = [
  'DROP TABLE log_key',
  'ALTER TABLE commit_rows DROP COLUMN principal',
  'CREATE UNIQUE INDEX commit_rows_by_command ON commit_rows (command_id)',
  'UPDATE sloth_schema SET version = 2',
];

/** A database with a stack, reverted to the schema of the first release. */
async function databaseOfSchema1(): Promise<string> {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url, { actor: 'ana' });
  await backend.getStackManager().createStack({ name: 'web' });
  await onDatabase(url, ...TO_SCHEMA_2, `DROP FUNCTION ${GUARD}`, 'UPDATE sloth_schema SET version = 1');
  return url;
}

test('a database of schema 1 is upgraded by the first client that opens it, and its log does not change', async () => {
  const url = await databaseOfSchema1();
  const [before] = await onDatabase(url, 'SELECT * FROM events');
  const opened = await Promise.all(Array.from({ length: 4 }, () => StateBackend.open(url, { actor: 'bea' })));
  await Promise.all(opened.map((backend, index) => backend.addTag('web', `t${index}`)));
  const [first] = opened as [StateBackend];
  expect(await first.getTags('web')).toEqual(['t0', 't1', 't2', 't3']);
  expect((await first.getAdmin().verify()).problems).toEqual([]);
  for (const backend of opened) await backend.close();
  const [version, after] = await onDatabase(url, 'SELECT version FROM sloth_schema', 'SELECT * FROM events');
  expect(version?.rows).toEqual([{ version: String(SCHEMA_VERSION) }]);
  expect(after?.rows.slice(0, 1)).toEqual(before?.rows);
});

test('a database of a newer schema is refused and does not change', async () => {
  const url = await databaseOfSchema1();
  await onDatabase(url, 'UPDATE sloth_schema SET version = 999');
  await expect(StateBackend.open(url)).rejects.toMatchObject({ code: 'NEWER_SCHEMA' });
  const [version, functions] = await onDatabase(
    url,
    'SELECT version FROM sloth_schema',
    `SELECT to_regproc('${GUARD}') AS there`,
  );
  expect(version?.rows).toEqual([{ version: '999' }]);
  expect(functions?.rows).toEqual([{ there: null }]);
});
