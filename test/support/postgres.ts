import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

/** A schema of its own on the server that all tests share; it goes with the test. */
export async function freshSchema(): Promise<string> {
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

/** One that is named at once and made later. */
export function namedSchema(): Schema & { create(): Promise<void> } {
  const server = inject('postgres');
  const name = `t_${randomBytes(6).toString('hex')}`;
  return {
    url: `${server}?options=${encodeURIComponent(`-c search_path=${name}`)}`,
    create: () => onServer(server, (client) => client.query(`CREATE SCHEMA ${name}`)).then(() => {}),
    drop: () => onServer(server, (client) => client.query(`DROP SCHEMA ${name} CASCADE`)).then(() => {}),
  };
}

/** Runs something on a connection of its own. */
export async function onServer<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
