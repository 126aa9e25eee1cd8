import type { KeyOf, TableName, Tables } from './tables.js';

/** A change that a projector requests. `patch` and `remove` of a missing row change nothing. */
export type RowChange = {
  [T in TableName]:
    | { readonly table: T; readonly op: 'put'; readonly row: Tables[T] }
    | {
        readonly table: T;
        readonly op: 'patch';
        readonly key: KeyOf<T>;
        readonly set: Partial<Tables[T]>;
        /** Columns to increment, for sums that no single event contains. */
        readonly add?: { readonly [C in keyof Tables[T]]?: number };
      }
    | { readonly table: T; readonly op: 'remove'; readonly key: KeyOf<T> };
}[TableName];

/** Writes the whole row and replaces an older one with the same key. */
export const put = <T extends TableName>(table: T, row: Tables[T]): RowChange =>
  ({ table, op: 'put', row }) as unknown as RowChange;

export const patch = <T extends TableName>(
  table: T,
  key: KeyOf<T>,
  set: Partial<Tables[T]>,
  add?: { readonly [C in keyof Tables[T]]?: number },
): RowChange => ({ table, op: 'patch', key, set, ...(add && { add }) }) as unknown as RowChange;

export const remove = <T extends TableName>(table: T, key: KeyOf<T>): RowChange =>
  ({ table, op: 'remove', key }) as unknown as RowChange;
