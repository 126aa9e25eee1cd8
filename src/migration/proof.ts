import type { Verification } from '../operations/audit/verification.js';
import { verifyStore } from '../operations/audit/verify.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import { type Comparison, compareMigration, keyOf } from './comparison.js';
import type { LegacySource } from './source/source.js';
import type { Migration } from './take.js';
import type { Tally } from './tally.js';

/** Source and target compared, and the target's log and tables proven. */
export interface Proof extends Comparison {
  /** Whether both hold. */
  readonly holds: boolean;
  readonly audit: Verification;
}

export async function proveMigration(
  source: LegacySource,
  store: EventStore,
  { marks }: Tally,
  migration: Migration,
  onProgress?: OnProgress,
): Promise<Proof> {
  const compared = await compareMigration(source, store, migration, (record) => marks.get(keyOf(record)), onProgress);
  const audit = await verifyStore(store, onProgress ? { onProgress } : {});
  return { holds: compared.equal && audit.holds, ...compared, audit };
}
