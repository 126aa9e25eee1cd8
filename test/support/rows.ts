import Database from 'better-sqlite3';
import pg from 'pg';

/** Reads tables and views directly, as people do. Documents are returned as text. */
export interface Rows {
  /** @param sql with `?` for each value */
  all(sql: string, ...values: readonly unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function openRows(location: string): Promise<Rows> {
  if (!location.startsWith('postgres:')) {
    const db = new Database(location, { readonly: true });
    return {
      all: async (sql, ...values) => db.prepare(sql).all(...values) as Record<string, unknown>[],
      close: async () => void db.close(),
    };
  }
  const asText = (oid: number) => (oid === pg.types.builtins.INT8 ? Number : (text: string) => text);
  const client = new pg.Client({ connectionString: location, types: { getTypeParser: asText as never } });
  await client.connect();
  return {
    all: async (sql, ...values) => {
      let place = 0;
      const text = sql.replace(/\?/g, () => `$${++place}`);
      return (await client.query(text, [...values])).rows;
    },
    close: () => client.end(),
  };
}
