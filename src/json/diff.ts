import type { DecidedChange, Plan, StateDiff } from '../index.js';

export const diffJson = (diff: StateDiff) => ({
  stack_id: diff.stackId,
  name: diff.name,
  from: diff.from,
  to: diff.to,
  stack: diff.stack,
  resources: diff.resources.map(({ key, kind, fields, before, after }) => ({
    address: key,
    kind,
    fields,
    before: before?.value.properties ?? null,
    after: after?.value.properties ?? null,
  })),
  outputs: diff.outputs.map(({ key, kind, before, after }) => ({
    name: key,
    kind,
    before: before?.value ?? null,
    after: after?.value ?? null,
  })),
  dependencies: diff.dependencies.map(({ key, kind }) => ({ edge: key, kind })),
});

export const changesJson = (changes: readonly DecidedChange[]) =>
  changes.map(({ what, key, kind, fields }) => ({ what, key, kind, fields }));

export const planJson = ({ version, changes }: Plan) => ({ version, changes: changesJson(changes) });
