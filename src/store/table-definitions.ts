import { type Index, TABLE_NAMES, TABLES, type Table, type TableName } from './tables.js';

export interface TableDefinition {
  readonly columns: string;
  readonly indexes: readonly Index[];
}

/** A database's names of the column types. */
type TypeNames = Readonly<Record<'INTEGER' | 'TEXT', string>>;

const IN_SQLITE: TypeNames = { INTEGER: 'INTEGER', TEXT: 'TEXT' };
/** Texts compare by their bytes. */
const IN_POSTGRES: TypeNames = { INTEGER: 'BIGINT', TEXT: 'TEXT COLLATE "C"' };

/** The maximum length of a line of SQLite's text that ends with the key. */
const LINE = 120;

function columnsOf({ columns, key, lines }: Table, types: TypeNames): string {
  const aligned = lines === 'aligned';
  const width = aligned ? Math.max(...Object.keys(columns).map(({ length }) => length)) : 0;
  const [only] = key.length === 1 ? key : [];
  let text = '';
  for (const [name, { type, nullable }] of Object.entries(columns)) {
    if (text !== '') text += aligned || lines.includes(name) ? ',\n      ' : ', ';
    text += `${name.padEnd(width)} ${types[type]}${name === only ? ' PRIMARY KEY' : nullable ? '' : ' NOT NULL'}`;
  }
  if (only !== undefined) return `(\n      ${text}\n    )`;
  const primary = `PRIMARY KEY (${key.join(', ')})`;
  const fits = 6 + text.length + 2 + primary.length <= LINE;
  return `(\n      ${text},${fits ? ' ' : '\n      '}${primary}\n    )`;
}

/** The tables of the projectors in SQLite's syntax; `tables.ts` declares them. A key of several columns needs no rowid. */
export const TABLE_DEFINITIONS = Object.fromEntries(
  TABLE_NAMES.map((name) => {
    const { key, indexes } = TABLES[name];
    const options = key.length === 1 ? 'STRICT' : 'STRICT, WITHOUT ROWID';
    return [name, { columns: `${columnsOf(TABLES[name], IN_SQLITE)} ${options}`, indexes }];
  }),
) as { readonly [T in TableName]: TableDefinition };

export const createTable = ({ columns }: TableDefinition, name: string): string => `CREATE TABLE ${name} ${columns}`;

/** The same for PostgreSQL. */
export const createInPostgres = (table: TableName, name: string): string =>
  `CREATE TABLE ${name} ${columnsOf(TABLES[table], IN_POSTGRES)}`;

/** In the syntax of both. */
export const createIndex = ({ unique, on }: Index, name: string, table: string): string =>
  `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${name} ON ${table} ${on}`;
