import { Flags } from '@oclif/core';
import type { JsonObject } from '../lib/json.js';
import { readObject } from './input.js';

/** The stack fields that `new` and `update` accept. */
export const documentFlags = {
  description: Flags.string({ description: 'what the stack is', helpValue: 'TEXT' }),
  version: Flags.string({ description: 'your own label for its version, such as 1.0.0', helpValue: 'LABEL' }),
  'workflow-file': Flags.string({ description: 'the workflow that builds it', helpValue: 'PATH' }),
  config: Flags.string({
    description: 'its configuration, a YAML or JSON file, - for standard input',
    helpValue: 'FILE',
  }),
};

interface DocumentFields {
  description?: string;
  version?: string;
  workflowFile?: string;
  configuration?: JsonObject;
}

export async function documentFields(flags: {
  readonly description?: string | undefined;
  readonly version?: string | undefined;
  readonly 'workflow-file'?: string | undefined;
  readonly config?: string | undefined;
}): Promise<DocumentFields> {
  const fields: DocumentFields = {};
  if (flags.description !== undefined) fields.description = flags.description;
  if (flags.version !== undefined) fields.version = flags.version;
  if (flags['workflow-file'] !== undefined) fields.workflowFile = flags['workflow-file'];
  if (flags.config !== undefined) fields.configuration = await readObject(flags.config, '--config');
  return fields;
}
