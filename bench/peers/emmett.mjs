// @event-driven-io/emmett-sqlite with an inline projection of the same kind of rows, as its documentation shows it. Its
// driver downloads a binary when it is installed, so it is no dependency: SLOTH_BENCH_EMMETT names a folder where it is.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { resource } from '../data.mjs';

export async function emmett(path) {
  const folder = process.env.SLOTH_BENCH_EMMETT;
  if (folder === undefined) return undefined;
  const { resolve } = createRequire(join(folder, 'package.json'));
  const { getSQLiteEventStore, sqliteConnection } = await import(
    pathToFileURL(resolve('@event-driven-io/emmett-sqlite')).href
  );
  const setUp = sqliteConnection({ fileName: path });
  await setUp.command('PRAGMA journal_mode = WAL');
  await setUp.command('CREATE TABLE resource_rows (address TEXT PRIMARY KEY, properties TEXT, version INTEGER)');
  await setUp.command(
    'CREATE TABLE resource_history (address TEXT, version INTEGER, properties TEXT, PRIMARY KEY (address, version))',
  );
  const project = async (events, { connection }) => {
    for (const { data } of events) {
      const values = [data.address, JSON.stringify(data.properties), data.properties.n];
      await connection.command('INSERT OR REPLACE INTO resource_rows VALUES (?, ?, ?)', values);
      await connection.command('INSERT INTO resource_history VALUES (?, ?, ?)', [values[0], values[2], values[1]]);
    }
  };
  const projection = { name: 'resources', canHandle: ['ResourceUpdated'], handle: project };
  const store = getSQLiteEventStore({ fileName: path, projections: [{ type: 'inline', projection }] });
  let n = 0;
  return {
    commit: (count) => {
      n += 1;
      const events = Array.from({ length: count }, (_, index) => {
        const { name, properties } = resource(index, n);
        return { type: 'ResourceUpdated', data: { address: `server.${name}`, properties } };
      });
      return store.appendToStream('stack', events);
    },
    close: () => setUp.close(),
  };
}
