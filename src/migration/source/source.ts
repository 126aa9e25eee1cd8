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
 * A snapshot of a legacy database, unaffected by later writes. Every row is returned once: by `workflows`, `orphans`,
 * `locks` or `state`.
 * Rows belong to the workflow whose id equals, as text, their `workflow_id`; if several workflows have that id, to the
 * first. A lock belongs to the workflow with that id, otherwise to the one with that name.
 * @throws IntegrityError `SOURCE_DAMAGED` from every read of rows
 */
export interface LegacySource {
  /** The number of rows of each table. A missing table is absent. */
  readonly counts: Readonly<Partial<Record<LegacyTable, number>>>;
  /** The path of the file itself, after following links. */
  readonly path: string;
  /** Ordered by created_at, then rowid. Memory holds one at a time; the caller may wait between two. */
  workflows(): Iterable<LegacyWorkflow>;
  /** Rows whose workflow_id belongs to no workflow, or is NULL. */
  orphans(): Iterable<LegacyRecord>;
  /** The locks that name no workflow. */
  locks(): readonly LegacyRecord[];
  state(): readonly LegacyRecord[];
  /** Stops reading, and removes a copy. May be called twice. */
  close(): void;
}

/**
 * Opens a database of the legacy workflow state for reading. The file and its WAL are never written.
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
