import { parseJson } from '../../src/lib/json.js';
import type { StackReads } from './expected-reads.js';

/** Columns of the views that hold JSON. */
const documents = ['outputs', 'configuration', 'metadata', 'task_results', 'properties', 'dependencies'];
/** A row of a view, the documents in it parsed. */
export const readRow = (row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      const isJson = value !== null && (documents.includes(column) || /_state$|_fields$/.test(column));
      return [column, isJson ? parseJson(value as string) : value];
    }),
  );

/** The rows of each view of the specification for a live stack, according to its events. */
export function viewsOf(reads: StackReads): Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> {
  const { stack, document, resources } = reads;
  const stack_id = stack.id;
  const base = (address: string): string => address.replace(/\[0\]/g, '');
  return {
    stacks: [
      {
        id: stack.id,
        name: stack.name,
        description: stack.description,
        version: stack.version,
        status: stack.status,
        created_at: stack.createdAt,
        updated_at: stack.updatedAt,
        completed_at: stack.completedAt,
        workflow_file: stack.workflowFile,
        task_results: document.taskResults,
        outputs: Object.fromEntries(reads.outputs.map(({ name, value }) => [name, value])),
        configuration: document.document.configuration,
        metadata: document.document.metadata,
        execution_count: stack.executionCount,
        last_duration: stack.lastDuration,
        last_error: stack.lastError,
        resource_version: String(stack.stateVersion),
      },
    ],
    resources: resources.map(({ id, type, name, module, value, createdAt, updatedAt }) => ({
      id,
      stack_id,
      type,
      name,
      module,
      properties: value.properties,
      dependencies: value.dependencies,
      state: value.state,
      checksum: value.checksum,
      created_at: createdAt,
      updated_at: updatedAt,
      last_applied: value.lastApplied,
      error_message: value.errorMessage,
      metadata: value.metadata,
    })),
    resource_dependencies: reads.dependencies.flatMap(({ address, target, type, createdAt }) =>
      resources
        .filter((one) => one.address === target || base(one.address) === target)
        .flatMap(({ id }) => {
          const from = resources.find((one) => one.address === address);
          return from
            ? [{ resource_id: from.id, depends_on_id: id, dependency_type: type, created_at: createdAt }]
            : [];
        }),
    ),
    drift_detections: reads.drift.map((one) => ({
      id: one.id,
      stack_id,
      resource_id: one.resourceId,
      detected_at: one.detectedAt,
      expected_state: one.expected,
      actual_state: one.actual,
      drift_fields: one.fields,
      is_drifted: one.isDrifted ? 1 : 0,
      resolution_status: one.resolutionStatus,
    })),
    stack_tags: reads.tags.map((one) => ({
      stack_id,
      tag: one.tag,
      created_at: one.createdAt,
      created_by: one.createdBy,
    })),
    stack_executions: reads.executions.map((one) => ({
      id: one.id,
      stack_id,
      execution_number: one.number,
      status: one.status,
      started_at: one.startedAt,
      completed_at: one.completedAt,
      duration: one.duration,
      task_results: one.taskResults,
      error_message: one.error,
    })),
    stack_versions: reads.commits
      .filter(({ raised }) => raised)
      .map(({ version, kind, added, changed, removed, position, hash, actor, at, description }) => ({
        stack_id,
        version,
        kind,
        added,
        changed,
        removed,
        position,
        hash,
        created_by: actor,
        created_at: at,
        description,
      })),
  };
}
