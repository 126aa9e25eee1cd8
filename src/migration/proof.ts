import type { Verification } from '../operations/audit/verification.js';
import { verifyStore } from '../operations/audit/verify.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import type { LegacySource } from './source/source.js';
import type { Migration } from './take.js';
import type { Tally } from './tally.js';
import { type MigrationVerification, verifyMigration } from './verify/verify.js';

/** Source and target read apart from what migrates, and the target's log and tables proven. */
export interface Proof extends MigrationVerification {
  /** Whether both hold. */
  readonly holds: boolean;
  readonly audit: Verification;
}

export async function proveMigration(
  source: LegacySource,
  store: EventStore,
  { marks }: Tally,
  { id }: Pick<Migration, 'id'>,
  onProgress?: OnProgress,
): Promise<Proof> {
  const listen = onProgress ? { onProgress } : {};
  const compared = await verifyMigration(source, store, { entries: marks, migration: id, ...listen });
  const audit = await verifyStore(store, listen);
  return { holds: compared.equal && audit.holds, ...compared, audit };
}
