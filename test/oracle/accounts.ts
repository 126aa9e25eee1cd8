import type { LegacyRecord, LegacyTable } from '../../src/migration/source/source.js';
import type { EventStore } from '../../src/store/event-store.js';
import { textOfCell } from './canonical.js';
import type { Kind, TargetItem } from './items.js';
import type { Entries } from './source-content.js';
import { migrationOf } from './target-content.js';

const KINDS: Readonly<Record<LegacyTable, Kind>> = {
  workflow_states: 'workflow',
  workflow_resources: 'resource',
  workflow_outputs: 'output',
  state_versions: 'version',
  drift_detections: 'drift',
  workflow_tags: 'tag',
  workflow_activity: 'activity',
  locks: 'lock',
  state: 'output',
};

/** The column whose text the target knows an item by. */
const NAMED_BY: Partial<Readonly<Record<LegacyTable, string>>> = {
  workflow_resources: 'id',
  workflow_outputs: 'key',
  workflow_tags: 'tag',
  state: 'key',
};

/** What the state is made of, of which only the last migration's is there; the rest adds up. */
const STATE: readonly Kind[] = ['workflow', 'resource', 'output'];

/**
 * Tells of what the target holds and no row without an entry says whether there is a reason: a row that was repaired to
 * it, each for one thing; or an earlier migration, that read a source which has lost the row since.
 */
export function accounts(records: readonly LegacyRecord[], entries: Entries, migration: string | undefined) {
  const outcome = ({ table, id }: LegacyRecord) => entries.get(`${table}/${id}`);
  const repaired = records.filter((record) => outcome(record) === 'repaired');
  const named = new Set<string>();
  /** Those that cannot be known by their name, as it had to be changed. */
  const nameless = new Map<Kind, number>();
  for (const { table, row } of repaired) {
    const kind = KINDS[table];
    const column = NAMED_BY[table];
    const name = column === undefined ? undefined : textOfCell(row[column]);
    if (name !== undefined && isUsable(name)) named.add(`${kind} ${name}`);
    else nameless.set(kind, (nameless.get(kind) ?? 0) + 1);
    if (table === 'workflow_states' && textOfCell(row.locked_by) !== '') named.add('activity locked');
  }
  const stateRejected = records.some((record) => record.table === 'workflow_states' && outcome(record) === 'rejected');

  return async (item: TargetItem, store: EventStore): Promise<boolean> => {
    const { kind, key, position, optional, names = [key] } = item;
    if (optional) return true;
    const name = names.map((one) => `${kind} ${one}`).find((one) => named.delete(one));
    if (name !== undefined) return true;
    const spare = nameless.get(kind) ?? 0;
    if (spare > 0) {
      nameless.set(kind, spare - 1);
      return true;
    }
    const kept = !STATE.includes(kind) || stateRejected;
    return kept && migration !== undefined && (await migrationOf(store, position)) !== migration;
  };
}

/** Whether a name can have been taken as it is. */
const isUsable = (name: string): boolean =>
  name !== '' && name === name.trim() && !/\p{Cc}|\p{Cs}/u.test(name) && Buffer.byteLength(name) <= 128;
