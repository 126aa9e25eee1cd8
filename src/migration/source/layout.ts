/** A cell as SQLite holds it; integers with all their digits. Text that is no valid UTF-8 comes as its bytes. */
export type Cell = null | bigint | number | string | Uint8Array;

/** All columns of a row, those too that we do not know. One named `__proto__` is a column like others. */
export type LegacyRow = Readonly<Record<string, Cell>>;

/** Tables whose rows belong to a workflow, by `workflow_id`. */
export const CHILD_TABLES = [
  'workflow_resources',
  'workflow_outputs',
  'state_versions',
  'drift_detections',
  'workflow_tags',
  'workflow_activity',
] as const;

/** Those that hang on others come after them. */
export const LEGACY_TABLES = ['workflow_states', ...CHILD_TABLES, 'locks', 'state'] as const;
export type LegacyTable = (typeof LEGACY_TABLES)[number];

/** A row, and what names it in reports. */
export interface LegacyRecord {
  readonly table: LegacyTable;
  /** `id`; of outputs `workflow_id/key`, of tags `workflow_id/tag`, of state `key`, of locks `name`; else `rowid N`. */
  readonly id: string;
  readonly row: LegacyRow;
}

/** What names a row of a table without an `id`. */
const NAMED_BY: Readonly<Partial<Record<LegacyTable, readonly string[]>>> = {
  workflow_outputs: ['workflow_id', 'key'],
  workflow_tags: ['workflow_id', 'tag'],
  state: ['key'],
  locks: ['name'],
};

/** @param otherwise names a row in which what should name it is NULL or missing */
export function legacyRecord(table: LegacyTable, row: LegacyRow, otherwise: string): LegacyRecord {
  const name = nameOf(row, ['id']) ?? nameOf(row, NAMED_BY[table] ?? []);
  return { table, id: name ?? otherwise, row };
}

function nameOf(row: LegacyRow, columns: readonly string[]): string | undefined {
  const cells = columns.map((column) => (Object.hasOwn(row, column) ? (row[column] ?? null) : null));
  return cells.length === 0 || cells.includes(null) ? undefined : cells.map(spelled).join('/');
}

/** Bytes as SQLite writes them: `x'00ff'`. */
const spelled = (cell: Cell): string =>
  cell instanceof Uint8Array ? `x'${Buffer.from(cell).toString('hex')}'` : String(cell);
