import { TABLE_DEFINITIONS, type TableDefinition } from '../table-definitions.js';
import { TABLE_KEYS, TABLE_NAMES, type TableName } from '../tables.js';
import { RESOURCE_HISTORY } from './history.js';

interface Layout extends TableDefinition {
  /** The columns a row is looked up by. */
  readonly keys: readonly string[];
}

/**
 * How the tables lie in a file, where that is another way than they are defined. To write a row costs its page: what each
 * command adds is appended where all stacks share pages, and the order of the log leads to it (docs/adr/0022).
 */
const OWN: { readonly [T in TableName]?: Partial<Layout> } = {
  resource_history: { ...RESOURCE_HISTORY, keys: ['position'] },
  commit_rows: {
    indexes: TABLE_DEFINITIONS.commit_rows.indexes.filter(({ name }) => name !== 'commit_rows_by_version'),
  },
};

export const LAYOUT = Object.fromEntries(
  TABLE_NAMES.map((table) => [table, { ...TABLE_DEFINITIONS[table], keys: TABLE_KEYS[table], ...OWN[table] }]),
) as { readonly [T in TableName]: Layout };
