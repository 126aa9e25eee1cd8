import type { Command } from '../../commands/index.js';
import type { DesiredState } from './format.js';

type Apply = Extract<Command, { type: 'apply' }>;

const optional = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

/**
 * The command that brings a stack to the desired state. A resource in the file gets the stated fields; resources, outputs
 * and fields that are not in it stay unchanged. With `prune` such resources and outputs are removed.
 */
export function applyCommand(stack: string, desired: DesiredState, prune: boolean): Apply {
  const resources = (desired.resources ?? []).map(
    ({ depends_on: dependencies = [], module = '', properties = {}, state = 'applied', ...resource }) => ({
      ...resource,
      module,
      properties,
      dependencies,
      state,
    }),
  );
  const outputs = (desired.outputs ?? []).map(({ name, output }) => ({ name, ...output }));
  return {
    type: 'apply',
    stack,
    document: {
      ...optional('description', desired.description),
      ...optional('version', desired.version),
      ...optional('workflowFile', desired.workflow_file),
      ...optional('configuration', desired.configuration),
      ...optional('metadata', desired.metadata),
    },
    resources: resources as NonNullable<Apply['resources']>,
    outputs,
    prune,
  };
}
