import type { ClientBase, Pool } from 'pg';

/** Runs statements and gives their rows; whether on one connection, in its transaction, or on any of a pool. */
export interface Sql {
  all<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  get<Row>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
}

const names = new Map<string, string>();

/** Each text has a name of its own, under which a connection prepares it once. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `s${names.size}`));
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
