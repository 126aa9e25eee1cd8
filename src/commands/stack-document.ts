import * as z from 'zod';
import type { NewEvent, Origin, StackDocument } from '../events/index.js';
import { ConflictError } from '../lib/errors.js';
import { equalJson, type Json } from '../lib/json.js';
import { name, prose } from '../lib/text.js';
import type { Facts } from '../store/facts.js';
import { jsonRecord, jsonValue } from './command.js';

/** A stack's own fields as a caller passes them; omitted fields stay unchanged. */
export const documentFields = {
  description: prose().optional(),
  /** The user's label for the stack's version, "1.0.0". */
  version: prose(255).optional(),
  status: name(64).optional(),
  workflowFile: prose(4096).optional(),
  configuration: jsonValue('configuration').optional(),
  metadata: jsonValue('metadata').optional(),
};

/** The origin of content that another tool also keeps; see {@link Origin}. */
export const originInput = z.strictObject({
  format: name(64),
  lineage: prose(255),
  serial: z.int().nonnegative(),
  header: jsonRecord('origin.header'),
});

const patchSchema = z.strictObject({ ...documentFields, name: name().optional(), origin: originInput.optional() });
export type DocumentPatch = z.infer<typeof patchSchema>;

const EMPTY: Omit<StackDocument, 'name'> = {
  description: '',
  version: '',
  status: 'created',
  workflowFile: '',
  configuration: {},
  metadata: {},
  origin: null,
};

/** The stack fields after a change. `version` is the state version that will contain them. */
function patched(document: StackDocument, change: DocumentPatch, version: number): StackDocument {
  const origin: Origin | null = change.origin ? { ...change.origin, version } : document.origin;
  return {
    name: change.name ?? document.name,
    description: change.description ?? document.description,
    version: change.version ?? document.version,
    status: change.status ?? document.status,
    workflowFile: change.workflowFile ?? document.workflowFile,
    configuration: change.configuration === undefined ? document.configuration : change.configuration,
    metadata: change.metadata === undefined ? document.metadata : change.metadata,
    origin,
  };
}

export const createdStack = (id: string, stackName: string, fields: DocumentPatch): NewEvent => ({
  type: 'StackCreated',
  data: { id, ...patched({ name: stackName, ...EMPTY }, fields, 1) },
});

/** The event that changes the stack fields, or none if nothing differs. A given origin is always recorded. */
export function updatedStack(document: StackDocument, change: DocumentPatch, version: number): NewEvent[] {
  const next = patched(document, change, version);
  const same = equalJson(document as unknown as Json, next as unknown as Json);
  return same ? [] : [{ type: 'StackUpdated', data: next }];
}

/** Names and ids share one namespace, so that `--stack X` can mean only one stack. */
export function checkNameFree(wanted: string, facts: Facts, self?: string): void {
  if (facts.nameHolder === undefined || facts.nameHolder === self) return;
  throw new ConflictError('NAME_TAKEN', `the name "${wanted}" is taken by stack ${facts.nameHolder}`, {
    hint: 'Choose another name, or rename or delete the stack with that name.',
    details: { field: 'name', name: wanted, stackId: facts.nameHolder },
  });
}
