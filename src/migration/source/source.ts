import type { OnProgress } from '../../store/maintenance.js';
import { CHILD_TABLES, type LegacyRecord, type LegacyTable } from './layout.js';
import { openSource } from './open-source.js';
import { findTables, NOBODY, type TableRows } from './tables.js';

export { type Cell, LEGACY_TABLES, type LegacyRecord, type LegacyRow, type LegacyTable } from './layout.js';

/** A workflow with its rows of the other tables, each in the order of its table (rowid, else primary key). */
export interface LegacyWorkflow {
  readonly workflow: LegacyRecord;
  readonly resources: readonly LegacyRecord[];
  readonly outputs: readonly LegacyRecord[];
  readonly versions: readonly LegacyRecord[];
  readonly drift: readonly LegacyRecord[];
  readonly tags: readonly LegacyRecord[];
  readonly activity: readonly LegacyRecord[];
}

/**
 * An old database at one moment, whatever others do to it meanwhile. Every row is given once: by `workflows`, `orphans`,
 * `locks` or `state`.
 *
 * Rows belong to the workflow whose id is, as text, their `workflow_id`; where several workflows have that id, to the
 * first.
 * @throws IntegrityError `SOURCE_DAMAGED` from whatever reads rows
 */
export interface LegacySource {
  /** The number of rows of each table there is. A table that is missing is absent. */
  readonly counts: Readonly<Partial<Record<LegacyTable, number>>>;
  /** The file itself, where a link led to it. */
  readonly path: string;
  /** In the order of created_at, then rowid. One is in memory at a time; the caller may wait between two. */
  workflows(): Iterable<LegacyWorkflow>;
  /** The rows of `workflow_states` alone, in the same order. */
  states(): Iterable<LegacyRecord>;
  /** Rows whose workflow_id is of no workflow, or NULL. */
  orphans(): Iterable<LegacyRecord>;
  locks(): readonly LegacyRecord[];
  state(): readonly LegacyRecord[];
  /** Ends reading, and takes a copy away. Again, it does nothing. */
  close(): void;
}

/** Rows whose places are held at a time. */
const BATCH = 1_000;

/**
 * Opens the database of the old workflow state for reading. Not a byte of it or its WAL is written.
 * @throws NotFoundError `SOURCE_NOT_FOUND`; InvalidInputError `NOT_A_LEGACY_DATABASE`; IntegrityError `SOURCE_DAMAGED`;
 * ConflictError `SOURCE_BUSY`; StoreError
 */
export async function openLegacy(path: string, onProgress?: OnProgress): Promise<LegacySource> {
  const source = await openSource(path, onProgress);
  try {
    const tables = await findTables(source, onProgress);
    const rowsOf = (table: LegacyTable, owner: number): readonly LegacyRecord[] => {
      const rows = tables.get(table);
      return rows ? rows.placesOf(owner).map((place) => rows.at(place)) : [];
    };
    return {
      counts: Object.fromEntries([...tables].map(([table, { count }]) => [table, count])),
      path: source.path,
      *workflows() {
        const states = tables.get('workflow_states');
        for (let place = 1; states && place <= states.count; place++) {
          yield {
            workflow: states.at(place),
            resources: rowsOf('workflow_resources', place),
            outputs: rowsOf('workflow_outputs', place),
            versions: rowsOf('state_versions', place),
            drift: rowsOf('drift_detections', place),
            tags: rowsOf('workflow_tags', place),
            activity: rowsOf('workflow_activity', place),
          };
        }
      },
      *states() {
        const states = tables.get('workflow_states');
        for (let place = 1; states && place <= states.count; place++) yield states.at(place);
      },
      *orphans() {
        for (const table of CHILD_TABLES) {
          const rows = tables.get(table);
          if (rows) yield* oneByOne(rows);
        }
      },
      locks: () => rowsOf('locks', NOBODY),
      state: () => rowsOf('state', NOBODY),
      close: source.close,
    };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** The rows of nobody. */
function* oneByOne(rows: TableRows): Generator<LegacyRecord> {
  let places = rows.placesOf(NOBODY, 0, BATCH);
  while (places.length > 0) {
    for (const place of places) yield rows.at(place);
    places = rows.placesOf(NOBODY, places.at(-1), BATCH);
  }
}
