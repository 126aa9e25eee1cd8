import Database from 'better-sqlite3';
import type { OnProgress } from '../../store/maintenance.js';
export type Cell = null | bigint | number | string | Uint8Array;
export type LegacyRow = Readonly<Record<string, Cell>>;
export const LEGACY_TABLES = [
  'workflow_states',
  'workflow_resources',
  'workflow_outputs',
  'state_versions',
  'drift_detections',
  'workflow_tags',
  'workflow_activity',
  'locks',
  'state',
] as const;
export type LegacyTable = (typeof LEGACY_TABLES)[number];
export interface LegacyRecord {
  readonly table: LegacyTable;
  readonly id: string;
  readonly row: LegacyRow;
}
export interface LegacyWorkflow {
  readonly workflow: LegacyRecord;
  readonly resources: readonly LegacyRecord[];
  readonly outputs: readonly LegacyRecord[];
  readonly versions: readonly LegacyRecord[];
  readonly drift: readonly LegacyRecord[];
  readonly tags: readonly LegacyRecord[];
  readonly activity: readonly LegacyRecord[];
}
export interface LegacySource {
  readonly counts: Readonly<Partial<Record<LegacyTable, number>>>;
  readonly path: string;
  workflows(): Iterable<LegacyWorkflow>;
  orphans(): Iterable<LegacyRecord>;
  locks(): readonly LegacyRecord[];
  state(): readonly LegacyRecord[];
  close(): void;
}
export async function openLegacy(path: string, _onProgress?: OnProgress): Promise<LegacySource> {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  db.defaultSafeIntegers(true);
  db.exec('BEGIN');
  const counts: Partial<Record<LegacyTable, number>> = {};
  for (const t of LEGACY_TABLES) counts[t] = Number(db.prepare(`SELECT count(*) FROM ${t}`).pluck().get());
  const rec = (table: LegacyTable, row: LegacyRow): LegacyRecord => ({
    table,
    row,
    id:
      table === 'workflow_outputs'
        ? `${row.workflow_id}/${row.key}`
        : table === 'workflow_tags'
          ? `${row.workflow_id}/${row.tag}`
          : String(row.id ?? row.key ?? row.name),
  });
  const all = (t: LegacyTable, w: string, ...a: unknown[]) =>
    (db.prepare(`SELECT * FROM ${t} ${w}`).all(...a) as LegacyRow[]).map((r) => rec(t, r));
  return {
    counts,
    path,
    *workflows() {
      for (const workflow of all('workflow_states', 'ORDER BY created_at, rowid')) {
        const of = (t: LegacyTable) => all(t, 'WHERE workflow_id = ? ORDER BY rowid', workflow.row.id);
        yield {
          workflow,
          resources: of('workflow_resources'),
          outputs: of('workflow_outputs'),
          versions: of('state_versions'),
          drift: of('drift_detections'),
          tags: of('workflow_tags'),
          activity: of('workflow_activity'),
        };
      }
    },
    *orphans() {
      for (const t of LEGACY_TABLES.slice(1, 7))
        yield* all(t, 'WHERE workflow_id NOT IN (SELECT id FROM workflow_states)');
    },
    locks: () => all('locks', ''),
    state: () => all('state', ''),
    close: () => db.close(),
  };
}
