import type { ClientBase, Pool } from 'pg';
import { allSettled } from '../../lib/all-settled.js';

/** One statement, its values in the places `$1`, `$2`, … */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs statements and gives their rows; whether on one connection, in its transaction, or on any of a pool. */
export interface Sql {
  all<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  get<Row>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
}

/** So many texts have a name of their own, under which a connection prepares each once; the server keeps them all. */
const NAMED = 1_000;
const names = new Map<string, string>();

function nameOf(text: string): string | undefined {
  let name = names.get(text);
  if (name === undefined && names.size < NAMED) names.set(text, (name = `s${names.size}`));
  return name;
}

export function sqlOn(client: ClientBase | Pool): Sql {
  const all = async <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await client.query({ name: nameOf(text), text, values: [...values] })).rows as Row[];
  return {
    all,
    get: async <Row>(text: string, values?: readonly unknown[]) => (await all<Row>(text, values))[0],
  };
}

/** Runs them one after the other, each waited for. */
export async function runEach(sql: Sql, statements: readonly Statement[]): Promise<void> {
  for (const { text, values } of statements) await sql.all(text, values);
}

/** Runs them one after the other, none waited for before the next is sent. */
export const runAll = (sql: Sql, statements: readonly Statement[]): Promise<unknown> =>
  allSettled(statements.map(({ text, values }) => sql.all(text, values)));
