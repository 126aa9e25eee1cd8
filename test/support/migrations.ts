import { type MigrationOptions, type MigrationReport, StateBackend, type StoredEvent } from '../../src/index.js';

export type Migrated = MigrationReport;

/** A second after the last time in any old database. */
export const CLOCK = { now: (): string => '2026-11-26T00:00:00.000Z' };

export async function migrate(source: string, target: string, options?: MigrationOptions): Promise<Migrated> {
  using migration = await StateBackend.prepareMigration(target, source, { clock: CLOCK });
  return await migration.carryOut(options);
}

/** An event without what differs from one migration to the next, and with what it is about. */
export function told({ hash: _, meta, ...event }: StoredEvent) {
  const { imported: __, content: ___, actor, ...rest } = JSON.parse(meta);
  const { type, name } = JSON.parse(event.data);
  return { ...event, actor, meta: rest, name: type === undefined ? undefined : `${type}.${name}` };
}
