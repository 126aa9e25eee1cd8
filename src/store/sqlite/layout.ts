import { TABLE_DEFINITIONS, type TableDefinition } from '../table-definitions.js';
import type { TableName } from '../tables.js';

/**
 * The tables and indexes of a file. A stack's versions are found through its events, so the index of the commits by version is
 * not needed here (docs/adr/0022).
 */
export const LAYOUT: { readonly [T in TableName]: TableDefinition } = {
  ...TABLE_DEFINITIONS,
  commit_rows: {
    ...TABLE_DEFINITIONS.commit_rows,
    indexes: TABLE_DEFINITIONS.commit_rows.indexes.filter(({ name }) => name !== 'commit_rows_by_version'),
  },
};
