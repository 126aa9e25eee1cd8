import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { StateBackend } from '../../src/index.js';

/** A new schema on the server that all tests share; removed with the test. */
export async function emptySchema(): Promise<string> {
  const { url, drop } = await newSchema();
  onTestFinished(drop);
  return url;
}

export interface Schema {
  readonly url: string;
  drop(): Promise<void>;
}

export async function newSchema(): Promise<Schema> {
  const schema = namedSchema();
  await schema.create();
  return schema;
}

/** A schema with a name that is created later. */
export function namedSchema(): Schema & { create(): Promise<void> } {
  const server = inject('postgres');
  const name = `t_${randomBytes(6).toString('hex')}`;
  return {
    url: `${server}?options=${encodeURIComponent(`-c search_path=${name}`)}`,
    create: () => onServer(server, (client) => client.query(`CREATE SCHEMA ${name}`)).then(() => {}),
    drop: () => onServer(server, (client) => client.query(`DROP SCHEMA ${name} CASCADE`)).then(() => {}),
  };
}

/** Databases of finished tests, each with the statements that empty it. */
const idle: { readonly url: string; readonly tables: string; readonly restore: string }[] = [];

/**
 * An empty database that is removed with the test. Creating one takes longer than most tests, so it is one of an earlier
 * test with its initial rows. A test that changed its schema does not pass it on.
 */
export async function emptyDatabase(): Promise<string> {
  const database = (await emptied()) ?? (await created());
  onTestFinished(() => void idle.push(database));
  return database.url;
}

async function emptied(): Promise<(typeof idle)[number] | undefined> {
  for (let database = idle.pop(); database; database = idle.pop()) {
    const { url, tables, restore } = database;
    const isSame = await onServer(url, async (client) => {
      if ((await tablesOn(client)).join() !== tables) return false;
      await client.query(restore);
      return true;
    });
    if (isSame) return database;
  }
  return undefined;
}

async function created(): Promise<(typeof idle)[number]> {
  const { url } = await newSchema();
  await (await StateBackend.open(url)).close();
  return onServer(url, async (client) => {
    const tables = await tablesOn(client);
    // Disables the triggers of the log, so that its rows can be deleted.
    const statements = ['SET session_replication_role = replica', ...tables.map((table) => `DELETE FROM ${table}`)];
    for (const table of tables) {
      const { rows } = await client.query(`SELECT json_agg(t)::text AS rows FROM ${table} t`);
      if (rows[0].rows === null) continue;
      const literal = client.escapeLiteral(rows[0].rows);
      statements.push(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, ${literal})`);
    }
    return { url, tables: tables.join(), restore: statements.join(';') };
  });
}

async function tablesOn(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1',
  );
  return rows.map(({ name }) => name);
}

/** Runs a function on a separate connection. */
export async function onServer<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
