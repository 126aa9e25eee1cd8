import { type RowChange, remove } from './row-change.js';
import { TABLE_KEYS, type TableName } from './tables.js';

type Row = Record<string, unknown>;

/** The net effect of all changes of one row so far. */
type Pending =
  | { readonly op: 'put'; row: Row; owned: boolean }
  | { readonly op: 'patch'; readonly key: Row; readonly set: Row; readonly add: Record<string, number> }
  | { readonly op: 'remove'; readonly key: Row };

/**
 * Merges changes so that each row is written once. The result equals that of the changes in order. The merged changes have
 * no order, so a unique index other than the key may be violated while they are applied; it holds at the end.
 */
export function coalesce(changes: readonly RowChange[]): RowChange[] {
  const tables = new Map<TableName, Map<string | number, Pending>>();
  for (const change of changes) {
    let rows = tables.get(change.table);
    if (!rows) tables.set(change.table, (rows = new Map()));
    const id = identityOf(change);
    rows.set(id, merged(rows.get(id), change));
  }
  const result: RowChange[] = [];
  for (const [table, rows] of tables) {
    for (const pending of rows.values()) result.push(toChange(table, pending));
  }
  return result;
}

function identityOf(change: RowChange): string | number {
  const keys: readonly string[] = TABLE_KEYS[change.table];
  const from = (change.op === 'put' ? change.row : change.key) as unknown as Record<string, string | number>;
  if (keys.length === 1) return from[keys[0] as string] as string | number;
  let identity = '';
  for (const key of keys) identity += `${from[key]}\u0000`; // names and numbers contain no NUL
  return identity;
}

function merged(before: Pending | undefined, change: RowChange): Pending {
  switch (change.op) {
    case 'put':
      return { op: 'put', row: change.row as unknown as Row, owned: false };
    case 'remove':
      return { op: 'remove', key: change.key as unknown as Row };
    case 'patch':
      return patched(
        before,
        change.key as unknown as Row,
        change.set as Row,
        (change.add ?? {}) as Record<string, number>,
      );
  }
}

function patched(before: Pending | undefined, key: Row, set: Row, add: Record<string, number>): Pending {
  if (before?.op === 'remove') return before;
  if (before?.op === 'put') {
    if (!before.owned) {
      before.row = { ...before.row };
      before.owned = true;
    }
    Object.assign(before.row, set);
    for (const column of Object.keys(add)) {
      before.row[column] = (before.row[column] as number) + (add[column] as number);
    }
    return before;
  }
  const patch = before ?? { op: 'patch' as const, key, set: {}, add: {} };
  Object.assign(patch.set, set);
  for (const column of Object.keys(set)) delete patch.add[column];
  for (const column of Object.keys(add)) {
    const amount = add[column] as number;
    if (column in patch.set) patch.set[column] = (patch.set[column] as number) + amount;
    else patch.add[column] = (patch.add[column] ?? 0) + amount;
  }
  return patch;
}

function toChange(table: TableName, pending: Pending): RowChange {
  if (pending.op === 'put') return { table, op: 'put', row: pending.row } as unknown as RowChange;
  if (pending.op === 'remove') return remove(table, pending.key as never);
  return { table, op: 'patch', key: pending.key, set: pending.set, add: pending.add } as unknown as RowChange;
}
