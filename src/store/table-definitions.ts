import type { TableName } from './tables.js';

interface Index {
  readonly name: string;
  readonly unique?: true;
  /** The columns, and which rows. */
  readonly on: string;
}

export interface TableDefinition {
  readonly columns: string;
  readonly indexes: readonly Index[];
}

/** The tables projectors write; `../tables.ts` explains the columns. */
export const TABLE_DEFINITIONS: { readonly [T in TableName]: TableDefinition } = {
  stack_rows: {
    columns: `(
      stream          INTEGER PRIMARY KEY,
      id              TEXT NOT NULL,
      name            TEXT NOT NULL,
      description     TEXT NOT NULL,
      version         TEXT NOT NULL,
      status          TEXT NOT NULL,
      workflow_file   TEXT NOT NULL,
      document        INTEGER NOT NULL,
      started         INTEGER,
      finished        INTEGER,
      created_at      TEXT NOT NULL,
      updated_at      TEXT NOT NULL,
      completed_at    TEXT,
      execution_count INTEGER NOT NULL,
      last_duration   INTEGER,
      last_error      TEXT,
      state_version   INTEGER NOT NULL,
      revision        INTEGER NOT NULL,
      resource_count  INTEGER NOT NULL,
      deleted_at      TEXT
    ) STRICT`,
    indexes: [
      { name: 'stack_rows_by_id', unique: true, on: '(id)' },
      { name: 'stack_rows_by_name', unique: true, on: '(name) WHERE deleted_at IS NULL' },
      { name: 'stack_rows_deleted', on: '(name, deleted_at) WHERE deleted_at IS NOT NULL' },
    ],
  },
  document_history: {
    columns: `(
      stream INTEGER NOT NULL, part TEXT NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY (stream, part, version)
    ) STRICT, WITHOUT ROWID`,
    indexes: [],
  },
  resource_rows: {
    columns: `(
      resource INTEGER PRIMARY KEY,
      stream   INTEGER NOT NULL,
      address  TEXT NOT NULL,
      base     TEXT,
      module   TEXT NOT NULL,
      type     TEXT NOT NULL,
      name     TEXT NOT NULL,
      id       TEXT,
      own_id   TEXT,
      identity TEXT,
      position INTEGER
    ) STRICT`,
    indexes: [
      { name: 'resource_rows_by_address', unique: true, on: '(stream, address)' },
      { name: 'resource_rows_by_base', on: '(stream, base) WHERE base IS NOT NULL' },
      { name: 'resource_rows_by_id', unique: true, on: '(id) WHERE id IS NOT NULL' },
      { name: 'resource_rows_by_own_id', on: '(stream, own_id) WHERE own_id IS NOT NULL' },
      { name: 'resource_rows_by_identity', on: '(stream, identity) WHERE identity IS NOT NULL' },
    ],
  },
  resource_history: {
    columns: `(
      resource INTEGER NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL, present INTEGER NOT NULL,
      PRIMARY KEY (resource, version)
    ) STRICT, WITHOUT ROWID`,
    indexes: [],
  },
  output_rows: {
    columns: `(
      stream INTEGER NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, name)
    ) STRICT, WITHOUT ROWID`,
    indexes: [],
  },
  output_history: {
    columns: `(
      stream INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL, present INTEGER NOT NULL,
      PRIMARY KEY (stream, name, version)
    ) STRICT, WITHOUT ROWID`,
    indexes: [],
  },
  dependency_rows: {
    columns: `(
      stream INTEGER NOT NULL, address TEXT NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY (stream, address, target)
    ) STRICT, WITHOUT ROWID`,
    indexes: [{ name: 'dependency_rows_by_target', on: '(stream, target, position)' }],
  },
  dependency_history: {
    columns: `(
      stream INTEGER NOT NULL, address TEXT NOT NULL, target TEXT NOT NULL, version INTEGER NOT NULL,
      position INTEGER NOT NULL, present INTEGER NOT NULL,
      PRIMARY KEY (stream, address, target, version)
    ) STRICT, WITHOUT ROWID`,
    indexes: [],
  },
  commit_rows: {
    columns: `(
      position       INTEGER PRIMARY KEY,
      first_position INTEGER NOT NULL,
      stream         INTEGER NOT NULL,
      version        INTEGER NOT NULL,
      raised         INTEGER NOT NULL,
      kind           TEXT NOT NULL,
      added          INTEGER NOT NULL,
      changed        INTEGER NOT NULL,
      removed        INTEGER NOT NULL,
      command_id     TEXT NOT NULL,
      actor          TEXT NOT NULL,
      at             TEXT NOT NULL,
      description    TEXT,
      principal      TEXT NOT NULL
    ) STRICT`,
    indexes: [
      { name: 'commit_rows_by_command', unique: true, on: '(command_id, principal, stream)' },
      { name: 'commit_rows_by_version', on: '(stream, version, position)' },
    ],
  },
  snapshot_rows: {
    columns: `(
      position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,
      description TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL
    ) STRICT`,
    indexes: [{ name: 'snapshot_rows_by_version', on: '(stream, version)' }],
  },
  execution_rows: {
    columns: `(
      stream INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL,
      started_at TEXT NOT NULL, completed_at TEXT, duration INTEGER, error_message TEXT, finished INTEGER,
      version INTEGER NOT NULL,
      PRIMARY KEY (stream, number)
    ) STRICT, WITHOUT ROWID`,
    indexes: [{ name: 'execution_rows_by_id', unique: true, on: '(stream, id)' }],
  },
  drift_rows: {
    columns: `(
      position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, resource INTEGER, resource_id TEXT NOT NULL,
      is_drifted INTEGER NOT NULL, resolution_status TEXT NOT NULL, resolved_at TEXT, reason TEXT, ignored_until TEXT
    ) STRICT`,
    indexes: [
      { name: 'drift_rows_by_resource', on: '(stream, resource_id, position)' },
      { name: 'drift_rows_open', on: '(stream, resource_id) WHERE is_drifted = 1' },
    ],
  },
  drift_rule_rows: {
    columns: `(
      position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, resource_type TEXT NOT NULL, path TEXT NOT NULL,
      reason TEXT NOT NULL, expires_at TEXT, created_by TEXT NOT NULL, created_at TEXT NOT NULL
    ) STRICT`,
    indexes: [{ name: 'drift_rule_rows_by_stream', on: '(stream, position)' }],
  },
  lock_rows: {
    columns: `(
      stream INTEGER PRIMARY KEY, token INTEGER NOT NULL, lock_id TEXT NOT NULL, operation TEXT NOT NULL,
      who TEXT NOT NULL, info TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL
    ) STRICT`,
    indexes: [],
  },
  tag_rows: {
    columns: `(
      stream INTEGER NOT NULL, tag TEXT NOT NULL, created_at TEXT NOT NULL, created_by TEXT NOT NULL,
      PRIMARY KEY (stream, tag)
    ) STRICT, WITHOUT ROWID`,
    indexes: [{ name: 'tag_rows_by_tag', on: '(tag, stream)' }],
  },
};

export const createTable = ({ columns }: TableDefinition, name: string): string => `CREATE TABLE ${name} ${columns}`;

export const createIndex = ({ unique, on }: Index, name: string, table: string): string =>
  `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${name} ON ${table} ${on}`;
