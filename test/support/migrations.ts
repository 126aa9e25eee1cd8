import { expect } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { type MigrationOptions, type MigrationReport, StateBackend, type StoredEvent } from '../../src/index.js';
import { openLegacy } from '../../src/migration/source/source.js';
import type { Entries } from '../oracle/source-content.js';
import { verifyMigration } from '../oracle/verify.js';

export type Migrated = MigrationReport;

/** A second after the latest time in any legacy database. */
export const CLOCK = { now: (): string => '2026-11-26T00:00:00.000Z' };

/** Entries of all runs on a source, by its path: the rows that a target does not contain unchanged. */
const entriesOf = new Map<string, Map<string, 'repaired' | 'rejected'>>();

/** Migrates, and compares source and target with the independent reader. */
export async function migrate(source: string, target: string, options?: MigrationOptions): Promise<Migrated> {
  using migration = await StateBackend.prepareMigration(target, source, { clock: CLOCK });
  const report = await migration.carryOut(options);
  const entries = entriesOf.get(source) ?? new Map();
  entriesOf.set(source, entries);
  for (const { table, id, outcome } of report.entries) entries.set(`${table}/${id}`, outcome);
  await expectEqual(source, target, entries, report.migration);
  return report;
}

/** The oracle reads source and target by docs/adr/0017 and shares no code with the migration. */
async function expectEqual(source: string, target: string, entries: Entries, migration: string): Promise<void> {
  const legacy = await openLegacy(source);
  const { store } = openEngine(target, CLOCK);
  try {
    const { stacks, ...all } = await verifyMigration(legacy, store, { entries, migration });
    expect(stacks.flatMap(({ differences }) => differences)).toEqual([]);
    expect(all).toEqual({ equal: true, unaccounted: [] });
  } finally {
    legacy.close();
    await store.close();
  }
}

/** An event without fields that differ between migrations, and with its stack. */
export function comparable({ hash: _, meta, ...event }: StoredEvent) {
  const { imported: __, content: ___, actor, ...rest } = JSON.parse(meta);
  const { type, name } = JSON.parse(event.data);
  return { ...event, actor, meta: rest, name: type === undefined ? undefined : `${type}.${name}` };
}
