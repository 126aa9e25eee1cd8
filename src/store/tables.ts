/**
 * The tables that projectors write and queries read, as every store keeps them. They are narrow on purpose: a document
 * stays in the event that carries it, and a row holds that event's position. The tables of the specification are views
 * over these and the log (docs/adr/0004).
 *
 * Times are ISO-8601 UTC text. Truth values are 0 and 1. `stream` and `resource` are positions of first events.
 */
export interface Tables {
  stack_rows: {
    stream: number;
    id: string;
    name: string;
    description: string;
    version: string;
    status: string;
    workflow_file: string;
    /** Events that carry the stack's own fields, its last start and its last end of an execution. */
    document: number;
    started: number | null;
    finished: number | null;
    created_at: string;
    updated_at: string;
    completed_at: string | null;
    execution_count: number;
    /** Milliseconds. */
    last_duration: number | null;
    last_error: string | null;
    state_version: number;
    revision: number;
    resource_count: number;
    deleted_at: string | null;
  };
  /** `part` is one of document, started, finished. */
  document_history: { stream: number; part: string; version: number; position: number };
  resource_rows: {
    resource: number;
    stream: number;
    address: string;
    /** The address without instance keys, where it has any: what Terraform's dependencies name. */
    base: string | null;
    module: string;
    type: string;
    name: string;
    id: string | null;
    /** The property `id`, and `metadata.identity`: what others may name it by. */
    own_id: string | null;
    identity: string | null;
    /** The event that holds its value; none once it is removed. */
    position: number | null;
  };
  resource_history: { resource: number; version: number; position: number; present: number };
  output_rows: { stream: number; name: string; position: number };
  output_history: { stream: number; name: string; version: number; position: number; present: number };
  dependency_rows: { stream: number; address: string; target: string; type: string; position: number };
  dependency_history: {
    stream: number;
    address: string;
    target: string;
    version: number;
    position: number;
    present: number;
  };
  /**
   * One for each command; `position` is its last event, `raised` whether it raised the state version. `principal` is whose
   * command id it is, empty where that was not recorded: the store made the id, or an earlier release wrote the commit.
   */
  commit_rows: {
    position: number;
    first_position: number;
    stream: number;
    version: number;
    raised: number;
    kind: string;
    added: number;
    changed: number;
    removed: number;
    command_id: string;
    actor: string;
    at: string;
    description: string | null;
    principal: string;
  };
  snapshot_rows: {
    position: number;
    stream: number;
    version: number;
    description: string;
    created_by: string;
    created_at: string;
  };
  execution_rows: {
    stream: number;
    number: number;
    id: string;
    status: string;
    started_at: string;
    completed_at: string | null;
    duration: number | null;
    error_message: string | null;
    finished: number | null;
    version: number;
  };
  drift_rows: {
    position: number;
    stream: number;
    resource: number | null;
    resource_id: string;
    is_drifted: number;
    resolution_status: string;
    resolved_at: string | null;
    reason: string | null;
    ignored_until: string | null;
  };
  /** The rules by which differences are no drift, also those that have run out. */
  drift_rule_rows: {
    position: number;
    stream: number;
    resource_type: string;
    path: string;
    reason: string;
    expires_at: string | null;
    created_by: string;
    created_at: string;
  };
  lock_rows: {
    stream: number;
    token: number;
    lock_id: string;
    operation: string;
    who: string;
    info: string;
    created_at: string;
    expires_at: string;
  };
  tag_rows: { stream: number; tag: string; created_at: string; created_by: string };
}

export type TableName = keyof Tables;

/** What identifies a row of each table. */
export const TABLE_KEYS = {
  stack_rows: ['stream'],
  document_history: ['stream', 'part', 'version'],
  resource_rows: ['resource'],
  resource_history: ['resource', 'version'],
  output_rows: ['stream', 'name'],
  output_history: ['stream', 'name', 'version'],
  dependency_rows: ['stream', 'address', 'target'],
  dependency_history: ['stream', 'address', 'target', 'version'],
  commit_rows: ['position'],
  snapshot_rows: ['position'],
  execution_rows: ['stream', 'number'],
  drift_rows: ['position'],
  drift_rule_rows: ['position'],
  lock_rows: ['stream'],
  tag_rows: ['stream', 'tag'],
} as const satisfies { readonly [T in TableName]: readonly (keyof Tables[T])[] };

export const TABLE_NAMES = Object.freeze(Object.keys(TABLE_KEYS)) as readonly TableName[];

export type KeyOf<T extends TableName> = Pick<Tables[T], Extract<(typeof TABLE_KEYS)[T][number], keyof Tables[T]>>;
