import type { OnProgress } from '../../store/maintenance.js';
import { openSource } from './open-source.js';
import {
  descriptionOf,
  findTables,
  LEGACY_TABLES,
  type LegacyRecord,
  type LegacyTable,
  NOBODY,
  type Part,
} from './tables.js';

export {
  type Cell,
  descriptionOf,
  LEGACY_TABLES,
  type LegacyRecord,
  type LegacyRow,
  type LegacyTable,
  PARTS,
  type Part,
} from './tables.js';

/** A workflow with its rows of the other tables, each in the order of its table (rowid, else primary key). */
export type LegacyWorkflow = { readonly workflow: LegacyRecord } & { readonly [P in Part]: readonly LegacyRecord[] };

/**
 * An old database at one moment, whatever others do to it meanwhile. Every row is given once: by `workflows`, `orphans`,
 * `locks` or `state`.
 *
 * Rows belong to the workflow whose id is, as text, their `workflow_id`; where several workflows have that id, to the
 * first. A lock belongs to the workflow whose id or, where none has that id, whose name it has.
 * @throws IntegrityError `SOURCE_DAMAGED` from whatever reads rows
 */
export interface LegacySource {
  /** The number of rows of each table there is. A table that is missing is absent. */
  readonly counts: Readonly<Partial<Record<LegacyTable, number>>>;
  /** The file itself, where a link led to it. */
  readonly path: string;
  /** In the order of created_at, then rowid. One is in memory at a time; the caller may wait between two. */
  workflows(): Iterable<LegacyWorkflow>;
  /** Rows whose workflow_id is of no workflow, or NULL. */
  orphans(): Iterable<LegacyRecord>;
  /** Those that name no workflow. */
  locks(): readonly LegacyRecord[];
  state(): readonly LegacyRecord[];
  /** Ends reading, and takes a copy away. Again, it does nothing. */
  close(): void;
}

/**
 * Opens the database of the old workflow state for reading. Not a byte of it or its WAL is written.
 * @throws NotFoundError `SOURCE_NOT_FOUND`; InvalidInputError `NOT_A_LEGACY_DATABASE`; IntegrityError `SOURCE_DAMAGED`;
 * ConflictError `SOURCE_BUSY`; StoreError
 */
export async function openLegacy(path: string, onProgress?: OnProgress): Promise<LegacySource> {
  const source = await openSource(path, onProgress);
  try {
    const tables = await findTables(source, onProgress);
    const rowsOf = (table: LegacyTable, owner: number) => tables.get(table)?.of(owner) ?? [];
    const parts = LEGACY_TABLES.flatMap((table) => {
      const { part, owner } = descriptionOf(table);
      return part && owner ? [{ table, part, owner }] : [];
    });
    return {
      counts: Object.fromEntries([...tables].map(([table, { count }]) => [table, count])),
      path: source.path,
      *workflows() {
        let place = 0;
        for (const workflow of rowsOf('workflow_states', NOBODY)) {
          place++;
          const rows = parts.map(({ table, part }) => [part, [...rowsOf(table, place)]]);
          yield { workflow, ...Object.fromEntries(rows) } as LegacyWorkflow;
        }
      },
      *orphans() {
        for (const { table, owner } of parts) if (owner === 'workflow_id') yield* rowsOf(table, NOBODY);
      },
      locks: () => [...rowsOf('locks', NOBODY)],
      state: () => [...rowsOf('state', NOBODY)],
      close: source.close,
    };
  } catch (error) {
    source.close();
    throw error;
  }
}
