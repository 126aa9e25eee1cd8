import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

/** A schema of its own on the server that all tests share; it goes with the test. */
export async function freshSchema(): Promise<string> {
  const server = inject('postgres');
  const name = `t_${randomBytes(6).toString('hex')}`;
  await onServer(server, `CREATE SCHEMA ${name}`);
  onTestFinished(() => onServer(server, `DROP SCHEMA ${name} CASCADE`));
  return `${server}?options=${encodeURIComponent(`-c search_path=${name}`)}`;
}

async function onServer(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}
