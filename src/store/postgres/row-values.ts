/** The values of one column. */
export interface ColumnValues {
  readonly name: string;
  readonly type: string;
  readonly values: readonly unknown[];
}

/**
 * From this number of rows on, a column with one value in all rows is sent as a single value. With few rows that would
 * happen by chance and create more statement texts.
 */
const MANY = 16;

/**
 * Rows that a statement can select from, under the name `v`: an array for each column, or a single value if it is the same
 * in all rows. A single row is sent in the same way.
 * @param columns of distinct rows
 */
export function rowValues(columns: readonly ColumnValues[]): { readonly from: string; readonly values: unknown[] } {
  const lists: { readonly name: string; readonly place: string }[] = [];
  const selected: string[] = [];
  const bound: unknown[] = [];
  for (const [index, { name, type, values }] of columns.entries()) {
    const place = `$${index + 1}::${type}`;
    const once = isSentOnce(values);
    if (!once) lists.push({ name, place: `${place}[]` });
    selected.push(once ? `${place} AS ${name}` : name);
    bound.push(once ? values[0] : values);
  }
  const list = (of: 'name' | 'place') => lists.map((one) => one[of]).join(', ');
  const from = lists.length === 0 ? '' : ` FROM unnest(${list('place')}) u (${list('name')})`;
  return { from: `(SELECT ${selected.join(', ')}${from}) v`, values: bound };
}

const isSentOnce = (values: readonly unknown[]): boolean =>
  values.length === 1 || (values.length >= MANY && values.every((value) => value === values[0]));
