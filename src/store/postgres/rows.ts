import { groupBy } from '../../lib/group-by.js';
import { coalesce } from '../coalesce.js';
import type { RowChange } from '../row-change.js';
import { TABLE_KEYS, TABLES, type Table, type TableName } from '../tables.js';
import { type ColumnValues, rowValues } from './row-values.js';
import type { Statement } from './sql.js';

/** Changes that one statement can make: the same table and shape, distinct rows. */
interface Run {
  readonly table: TableName;
  readonly shape: string;
  readonly changes: RowChange[];
}

type NameOf = (table: TableName) => string;

/**
 * Statements that make row changes. Table and column names come from projectors in our own source; values are always bound.
 * @param nameOf the table that receives the rows; by default the table itself
 */
export const statementsInOrder = (changes: readonly RowChange[], nameOf?: NameOf): Statement[] =>
  toStatements(runsInOrder(changes), nameOf);

/**
 * The same, with each row written once and one statement for each shape of change, in any order. A unique index besides the
 * key may refuse changes that would succeed in order.
 */
export const statementsInAnyOrder = (changes: readonly RowChange[], nameOf?: NameOf): Statement[] =>
  toStatements(runsByShape(coalesce(changes)), nameOf);

const toStatements = (runs: readonly Run[], nameOf: NameOf = (table) => table): Statement[] =>
  runs.map((run) => statementOf(run, nameOf(run.table)));

/** Keeps the order within each table; rows of different tables are independent. */
function runsInOrder(changes: readonly RowChange[]): Run[] {
  const runs: Run[] = [];
  const last = new Map<TableName, { readonly run: Run; readonly rows: Set<string> }>();
  for (const change of changes) {
    const { table } = change;
    const shape = shapeOf(change);
    const row = keyOf(change);
    let open = last.get(table);
    if (open?.run.shape !== shape || open.rows.has(row)) {
      open = { run: { table, shape, changes: [] }, rows: new Set() };
      last.set(table, open);
      runs.push(open.run);
    }
    open.run.changes.push(change);
    open.rows.add(row);
  }
  return runs;
}

/** Sorted by shape, so that equal shapes produce the same statement, which is prepared once. */
const runsByShape = (changes: readonly RowChange[]): Run[] =>
  [...groupBy(changes, shapeOf)]
    .map(([shape, alike]) => ({ table: (alike[0] as RowChange).table, shape, changes: alike }))
    .sort((a, b) => (a.shape < b.shape ? -1 : 1));

const shapeOf = (change: RowChange): string =>
  change.op === 'patch'
    ? `${change.table} patch ${Object.keys(change.set)} + ${Object.keys(change.add ?? {})}`
    : `${change.table} ${change.op}`;

function keyOf(change: RowChange): string {
  const from = (change.op === 'put' ? change.row : change.key) as unknown as Record<string, unknown>;
  return JSON.stringify(TABLE_KEYS[change.table].map((column) => from[column]));
}

type Part = 'row' | 'key' | 'set' | 'add';
type Parts = Partial<Readonly<Record<Part, Readonly<Record<string, unknown>>>>>;

function statementOf({ table, changes }: Run, target: string): Statement {
  const keys: readonly string[] = TABLE_KEYS[table];
  const [first] = changes as [RowChange];
  const bind = (columns: readonly string[], part: Part): ColumnValues[] => {
    const rows = changes.map((change) => (change as Parts)[part] ?? {});
    return columns.map((name) => ({
      name,
      type: typeOf(table, name),
      values: rows.map((row) => row[name] ?? null),
    }));
  };
  const sameRow = keys.map((key) => `t.${key} = v.${key}`).join(' AND ');

  if (first.op === 'put') {
    const columns = Object.keys(TABLES[table].columns);
    const { values, from } = rowValues(bind(columns, 'row'));
    const others = columns.filter((column) => !keys.includes(column));
    const update = others.map((column) => `${column} = excluded.${column}`).join(', ');
    const list = columns.join(', ');
    return {
      text: `INSERT INTO ${target} (${list}) SELECT ${list} FROM ${from} ON CONFLICT (${keys.join(', ')}) DO ${update === '' ? 'NOTHING' : `UPDATE SET ${update}`}`,
      values,
    };
  }
  if (first.op === 'remove') {
    const { values, from } = rowValues(bind(keys, 'key'));
    return { text: `DELETE FROM ${target} t USING ${from} WHERE ${sameRow}`, values };
  }
  const set = Object.keys(first.set);
  const add = Object.keys(first.add ?? {});
  const { values, from } = rowValues([...bind(keys, 'key'), ...bind(set, 'set'), ...bind(add, 'add')]);
  const assignments = [
    ...set.map((column) => `${column} = v.${column}`),
    ...add.map((column) => `${column} = t.${column} + v.${column}`),
  ];
  return { text: `UPDATE ${target} t SET ${assignments.join(', ')} FROM ${from} WHERE ${sameRow}`, values };
}

function typeOf(table: TableName, column: string): string {
  const columns: Table['columns'] = TABLES[table].columns;
  return columns[column]?.type === 'INTEGER' ? 'bigint' : 'text';
}
