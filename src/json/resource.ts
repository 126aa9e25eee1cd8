import type { FieldBlame, ResourceChange, ResourceRecord, StackRecord } from '../index.js';

/** The columns of the specification's `resources`, with the address. */
export const resourceJson = (stackId: string, resource: ResourceRecord) => ({
  id: resource.id,
  stack_id: stackId,
  address: resource.address,
  type: resource.type,
  name: resource.name,
  module: resource.module,
  properties: resource.value.properties,
  dependencies: resource.value.dependencies,
  state: resource.value.state,
  checksum: resource.value.checksum,
  created_at: resource.createdAt,
  updated_at: resource.updatedAt,
  last_applied: resource.value.lastApplied,
  error_message: resource.value.errorMessage,
  metadata: resource.value.metadata,
  version: resource.version,
});

const changeJson = (change: ResourceChange) => ({
  version: change.version,
  position: change.position,
  kind: change.kind,
  at: change.at,
  actor: change.actor,
  command: change.command,
  reason: change.reason ?? null,
  fields: change.fields,
});

const fieldJson = (field: FieldBlame) => ({
  path: field.path,
  value: field.value,
  version: field.version,
  at: field.at,
  actor: field.actor,
  reason: field.reason ?? null,
});

interface OfResource {
  readonly stack: StackRecord;
  readonly address: string;
}

export const historyJson = ({ stack, address, changes }: OfResource & { changes: readonly ResourceChange[] }) => ({
  stack_id: stack.id,
  address,
  history: changes.map(changeJson),
});

export const blameJson = ({ stack, address, fields }: OfResource & { fields: readonly FieldBlame[] }) => ({
  stack_id: stack.id,
  address,
  fields: fields.map(fieldJson),
});

export const resourcesJson = ({ stack, resources }: { stack: StackRecord; resources: readonly ResourceRecord[] }) => ({
  stack_id: stack.id,
  resources: resources.map((resource) => resourceJson(stack.id, resource)),
});
