import { type StackDetails, type StackListItem, type StackRecord, stateHash } from '../index.js';
import { lockJson } from './lock.js';
import { resourceJson } from './resource.js';

/** The columns of the specification's `stacks`, and the additional ones of a list. */
export const stackJson = (stack: StackRecord) => ({
  id: stack.id,
  name: stack.name,
  description: stack.description,
  version: stack.version,
  status: stack.status,
  created_at: stack.createdAt,
  updated_at: stack.updatedAt,
  completed_at: stack.completedAt,
  workflow_file: stack.workflowFile,
  execution_count: stack.executionCount,
  last_duration: stack.lastDuration,
  last_error: stack.lastError,
  resource_version: String(stack.stateVersion),
  resource_count: stack.resourceCount,
  deleted_at: stack.deletedAt,
});

export const stackListJson = (stacks: readonly StackListItem[]) => ({
  stacks: stacks.map((stack) => ({ ...stackJson(stack), tags: stack.tags, locked: stack.locked })),
});

export function detailsJson({ state, tags, lock }: StackDetails) {
  const { stack, document } = state;
  return {
    ...stackJson(stack),
    name: document.name,
    description: document.description,
    version: document.version,
    status: document.status,
    workflow_file: document.workflowFile,
    completed_at: state.completedAt,
    execution_count: state.executionCount,
    last_duration: state.lastDuration,
    last_error: state.lastError,
    task_results: state.taskResults,
    configuration: document.configuration,
    metadata: document.metadata,
    origin: document.origin,
    resource_version: String(state.version),
    resource_count: state.resources.length,
    state_hash: stateHash(state),
    outputs: state.outputs.map(({ name, value, sensitive }) => ({ name, value, sensitive })),
    resources: state.resources.map((resource) => resourceJson(stack.id, resource)),
    dependencies: state.dependencies.map(({ address, target, type, path }) => ({ address, target, type, path })),
    tags: tags.map(({ tag }) => tag),
    lock: lock ? lockJson(stack.id, lock) : null,
  };
}
