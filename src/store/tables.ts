interface Column {
  readonly type: 'INTEGER' | 'TEXT';
  readonly nullable: boolean;
}

const INTEGER = { type: 'INTEGER', nullable: false } as const;
const TEXT = { type: 'TEXT', nullable: false } as const;
const OPTIONAL_INTEGER = { type: 'INTEGER', nullable: true } as const;
const OPTIONAL_TEXT = { type: 'TEXT', nullable: true } as const;

export interface Index {
  readonly name: string;
  readonly unique?: true;
  /** The columns and the condition. */
  readonly on: string;
}

export interface Table {
  readonly columns: Readonly<Record<string, Column>>;
  /** The columns that identify a row. A single column is an integer. */
  readonly key: readonly string[];
  readonly indexes: readonly Index[];
  /**
   * The line breaks in SQLite's text of the table: one line for each column, or a break before these columns and, if
   * needed, before the key. Databases contain the text and a verification compares it exactly, so it must not change.
   */
  readonly lines: 'aligned' | readonly string[];
}

const table = <const C extends Table['columns'], const K extends readonly (keyof C & string)[]>(
  columns: C,
  key: K,
  {
    indexes = [],
    lines = [],
  }: { readonly indexes?: readonly Index[]; readonly lines?: 'aligned' | readonly (keyof C & string)[] } = {},
) => ({ columns, key, indexes, lines }) satisfies Table;

/**
 * The tables that projectors write and queries read, declared once: row types, keys and the DDL of both databases are
 * derived from this. They are narrow on purpose: a document stays in its event, and a row holds that event's position. The
 * tables of the specification are views over these and the log (docs/adr/0004).
 * Times are ISO-8601 UTC text. Booleans are 0 and 1. `stream` and `resource` are positions of first events.
 */
export const TABLES = {
  stack_rows: table(
    {
      stream: INTEGER,
      id: TEXT,
      name: TEXT,
      description: TEXT,
      version: TEXT,
      status: TEXT,
      workflow_file: TEXT,
      /** The events with the stack's own fields, its last execution start and its last execution end. */
      document: INTEGER,
      started: OPTIONAL_INTEGER,
      finished: OPTIONAL_INTEGER,
      created_at: TEXT,
      updated_at: TEXT,
      completed_at: OPTIONAL_TEXT,
      execution_count: INTEGER,
      /** Milliseconds. */
      last_duration: OPTIONAL_INTEGER,
      last_error: OPTIONAL_TEXT,
      state_version: INTEGER,
      revision: INTEGER,
      resource_count: INTEGER,
      deleted_at: OPTIONAL_TEXT,
    },
    ['stream'],
    {
      indexes: [
        { name: 'stack_rows_by_id', unique: true, on: '(id)' },
        { name: 'stack_rows_by_name', unique: true, on: '(name) WHERE deleted_at IS NULL' },
        { name: 'stack_rows_deleted', on: '(name, deleted_at) WHERE deleted_at IS NOT NULL' },
      ],
      lines: 'aligned',
    },
  ),
  /** `part` is one of document, started, finished. */
  document_history: table({ stream: INTEGER, part: TEXT, version: INTEGER, position: INTEGER }, [
    'stream',
    'part',
    'version',
  ]),
  resource_rows: table(
    {
      resource: INTEGER,
      stream: INTEGER,
      address: TEXT,
      /** The address without instance keys, if it has any: the name in Terraform's dependencies. */
      base: OPTIONAL_TEXT,
      module: TEXT,
      type: TEXT,
      name: TEXT,
      id: OPTIONAL_TEXT,
      /** The property `id`, and `metadata.identity`: names by which others may refer to it. */
      own_id: OPTIONAL_TEXT,
      identity: OPTIONAL_TEXT,
      /** The event that holds its value; null after it is removed. */
      position: OPTIONAL_INTEGER,
    },
    ['resource'],
    {
      indexes: [
        { name: 'resource_rows_by_address', unique: true, on: '(stream, address)' },
        { name: 'resource_rows_by_base', on: '(stream, base) WHERE base IS NOT NULL' },
        { name: 'resource_rows_by_id', unique: true, on: '(id) WHERE id IS NOT NULL' },
        { name: 'resource_rows_by_own_id', on: '(stream, own_id) WHERE own_id IS NOT NULL' },
        { name: 'resource_rows_by_identity', on: '(stream, identity) WHERE identity IS NOT NULL' },
      ],
      lines: 'aligned',
    },
  ),
  resource_history: table({ resource: INTEGER, version: INTEGER, position: INTEGER, present: INTEGER }, [
    'resource',
    'version',
  ]),
  output_rows: table({ stream: INTEGER, name: TEXT, position: INTEGER }, ['stream', 'name']),
  output_history: table({ stream: INTEGER, name: TEXT, version: INTEGER, position: INTEGER, present: INTEGER }, [
    'stream',
    'name',
    'version',
  ]),
  dependency_rows: table(
    { stream: INTEGER, address: TEXT, target: TEXT, type: TEXT, position: INTEGER },
    ['stream', 'address', 'target'],
    { indexes: [{ name: 'dependency_rows_by_target', on: '(stream, target, position)' }] },
  ),
  dependency_history: table(
    { stream: INTEGER, address: TEXT, target: TEXT, version: INTEGER, position: INTEGER, present: INTEGER },
    ['stream', 'address', 'target', 'version'],
    { lines: ['position'] },
  ),
  /** One row for each command. */
  commit_rows: table(
    {
      /** Its last event. */
      position: INTEGER,
      first_position: INTEGER,
      stream: INTEGER,
      version: INTEGER,
      /** Whether it raised the state version. */
      raised: INTEGER,
      kind: TEXT,
      added: INTEGER,
      changed: INTEGER,
      removed: INTEGER,
      command_id: TEXT,
      actor: TEXT,
      at: TEXT,
      description: OPTIONAL_TEXT,
      /** The owner of the command id; empty if the store made the id, or an earlier release wrote the commit. */
      principal: TEXT,
    },
    ['position'],
    {
      indexes: [
        { name: 'commit_rows_by_command', unique: true, on: '(command_id, principal, stream)' },
        { name: 'commit_rows_by_version', on: '(stream, version, position)' },
      ],
      lines: 'aligned',
    },
  ),
  snapshot_rows: table(
    { position: INTEGER, stream: INTEGER, version: INTEGER, description: TEXT, created_by: TEXT, created_at: TEXT },
    ['position'],
    { indexes: [{ name: 'snapshot_rows_by_version', on: '(stream, version)' }], lines: ['description'] },
  ),
  execution_rows: table(
    {
      stream: INTEGER,
      number: INTEGER,
      id: TEXT,
      status: TEXT,
      started_at: TEXT,
      completed_at: OPTIONAL_TEXT,
      duration: OPTIONAL_INTEGER,
      error_message: OPTIONAL_TEXT,
      finished: OPTIONAL_INTEGER,
      version: INTEGER,
    },
    ['stream', 'number'],
    {
      indexes: [{ name: 'execution_rows_by_id', unique: true, on: '(stream, id)' }],
      lines: ['started_at', 'version'],
    },
  ),
  drift_rows: table(
    {
      position: INTEGER,
      stream: INTEGER,
      resource: OPTIONAL_INTEGER,
      resource_id: TEXT,
      is_drifted: INTEGER,
      resolution_status: TEXT,
      resolved_at: OPTIONAL_TEXT,
      reason: OPTIONAL_TEXT,
      ignored_until: OPTIONAL_TEXT,
    },
    ['position'],
    {
      indexes: [
        { name: 'drift_rows_by_resource', on: '(stream, resource_id, position)' },
        { name: 'drift_rows_open', on: '(stream, resource_id) WHERE is_drifted = 1' },
      ],
      lines: ['is_drifted'],
    },
  ),
  /** The drift rules, including expired ones. */
  drift_rule_rows: table(
    {
      position: INTEGER,
      stream: INTEGER,
      resource_type: TEXT,
      path: TEXT,
      reason: TEXT,
      expires_at: OPTIONAL_TEXT,
      created_by: TEXT,
      created_at: TEXT,
    },
    ['position'],
    { indexes: [{ name: 'drift_rule_rows_by_stream', on: '(stream, position)' }], lines: ['reason'] },
  ),
  lock_rows: table(
    {
      stream: INTEGER,
      token: INTEGER,
      lock_id: TEXT,
      operation: TEXT,
      who: TEXT,
      info: TEXT,
      created_at: TEXT,
      expires_at: TEXT,
    },
    ['stream'],
    { lines: ['who'] },
  ),
  tag_rows: table({ stream: INTEGER, tag: TEXT, created_at: TEXT, created_by: TEXT }, ['stream', 'tag'], {
    indexes: [{ name: 'tag_rows_by_tag', on: '(tag, stream)' }],
  }),
};

export type TableName = keyof typeof TABLES;

type Value<C extends Column> =
  | (C['type'] extends 'INTEGER' ? number : string)
  | (C['nullable'] extends true ? null : never);

type Row<C extends Readonly<Record<string, Column>>> = { -readonly [N in keyof C]: Value<C[N]> };

/** The rows of each table. */
export type Tables = { [T in TableName]: Row<(typeof TABLES)[T]['columns']> };

export const TABLE_NAMES = Object.freeze(Object.keys(TABLES)) as readonly TableName[];

/** The key columns of each table. */
export const TABLE_KEYS = Object.fromEntries(TABLE_NAMES.map((name) => [name, TABLES[name].key])) as {
  readonly [T in TableName]: (typeof TABLES)[T]['key'];
};

export type KeyOf<T extends TableName> = Pick<Tables[T], Extract<(typeof TABLES)[T]['key'][number], keyof Tables[T]>>;
