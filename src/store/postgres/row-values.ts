/** The values that rows have in one column. */
export interface ColumnValues {
  readonly name: string;
  readonly type: string;
  readonly values: readonly unknown[];
}

/** From so many rows on, a column that is the same in all of them is sent once: which ones are is hardly a matter of chance. */
const MANY = 16;

/**
 * Rows for a statement to select from, under the name `v`: an array for each column, a single value where it holds for
 * all. That is also how one row is sent.
 * @param columns of rows that differ from each other
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
