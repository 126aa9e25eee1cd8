import type { ClientBase, Pool } from 'pg';
import { allSettled } from '../../lib/all-settled.js';
import type { Sql as AnySql, Text } from '../read/sql.js';

/** One statement, with its values for the places `$1`, `$2`, … */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs statements and returns their rows, either on one connection in its transaction or on any connection of a pool. */
export interface Sql extends AnySql {
  all<Row>(text: Text, values?: readonly unknown[]): Promise<Row[]>;
  get<Row>(text: Text, values?: readonly unknown[]): Promise<Row | undefined>;
}

/**
 * The maximum number of statement texts with a name, under which each connection prepares them once; the server keeps them
 * all.
 */
const NAMED = 1_000;
const names = new Map<string, string>();

function nameOf(text: string): string | undefined {
  let name = names.get(text);
  if (name === undefined && names.size < NAMED) names.set(text, (name = `s${names.size}`));
  return name;
}

export function sqlOn(client: ClientBase | Pool): Sql {
  const all = async <Row>(words: Text, values: readonly unknown[] = []): Promise<Row[]> => {
    const text = typeof words === 'string' ? words : words.postgres;
    return (await client.query({ name: nameOf(text), text, values: [...values] })).rows as Row[];
  };
  return {
    dialect: 'postgres',
    all,
    get: async <Row>(text: Text, values?: readonly unknown[]) => (await all<Row>(text, values))[0],
    each: all,
    pairs: (list) => [list.map(([one]) => one), list.map(([, other]) => other)],
  };
}

/** Runs them in order and waits for each. */
export async function runEach(sql: Sql, statements: readonly Statement[]): Promise<void> {
  for (const { text, values } of statements) await sql.all(text, values);
}

/** Sends all in order without waiting in between. */
export const runAll = (sql: Sql, statements: readonly Statement[]): Promise<unknown> =>
  allSettled(statements.map(({ text, values }) => sql.all(text, values)));
