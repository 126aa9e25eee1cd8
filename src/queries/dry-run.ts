import { type EventData, type NewEvent, resourceAddress } from '../events/index.js';
import type { Json } from '../lib/json.js';
import { type FieldChange, fieldChanges } from '../lib/json-diff.js';
import type { EventStore } from '../store/event-store.js';
import type { OutputRecord, StackRecord } from '../store/records.js';
import { resourceFields } from './diff.js';
import { HIDDEN_OF_STACK, sensitivePaths } from './sensitive.js';

/** One thing a command would add, change or remove. */
export interface PlannedChange {
  readonly what: 'stack' | 'resource' | 'output';
  readonly key: string;
  readonly kind: 'added' | 'changed' | 'removed';
  readonly fields: readonly FieldChange[];
  /** Paths that must not be shown. */
  readonly hidden: readonly string[];
}

/** What a command would do to a stack, before it is carried out. */
export interface Plan {
  /** The state version the plan was made at. */
  readonly version: number;
  readonly changes: readonly PlannedChange[];
}

/** Tells events that were only decided, not appended, as changes of the stack as it stands. */
export async function planOf(
  store: EventStore,
  stack: StackRecord | undefined,
  events: readonly NewEvent[],
): Promise<Plan> {
  const outputs = new Map<string, OutputRecord>();
  for (const output of stack ? await store.outputs(stack.stream) : []) outputs.set(output.name, output);
  const changes: PlannedChange[] = [];
  for (const event of events) changes.push(...(await toChange(store, stack, outputs, event)));
  return { version: stack?.stateVersion ?? 0, changes };
}

async function toChange(
  store: EventStore,
  stack: StackRecord | undefined,
  outputs: ReadonlyMap<string, OutputRecord>,
  event: NewEvent,
): Promise<PlannedChange[]> {
  switch (event.type) {
    case 'StackCreated':
      return [{ what: 'stack', key: event.data.name, kind: 'added', fields: [], hidden: [] }];
    case 'StackUpdated': {
      const before = stack && (await store.document(stack.stream)).document;
      const fields = fieldChanges(before as unknown as Json, event.data as unknown as Json);
      return [{ what: 'stack', key: event.data.name, kind: 'changed', fields, hidden: HIDDEN_OF_STACK }];
    }
    case 'ResourceCreated':
    case 'ResourceUpdated':
    case 'ResourceRemoved':
      return [await resourceChange(store, stack, event)];
    case 'OutputSet': {
      const { name, value, sensitive } = event.data;
      const before = outputs.get(name);
      const fields = before ? fieldChanges({ value: before.value }, { value }) : [{ path: '$.value', after: value }];
      return [
        {
          what: 'output',
          key: name,
          kind: before ? 'changed' : 'added',
          fields,
          hidden: sensitive || before?.sensitive ? ['$'] : [],
        },
      ];
    }
    case 'OutputRemoved':
      return [{ what: 'output', key: event.data.name, kind: 'removed', fields: [], hidden: [] }];
    default:
      return [];
  }
}

async function resourceChange(
  store: EventStore,
  stack: StackRecord | undefined,
  { type, data }: Extract<NewEvent, { type: 'ResourceCreated' | 'ResourceUpdated' | 'ResourceRemoved' }>,
): Promise<PlannedChange> {
  const key = resourceAddress(data);
  if (type === 'ResourceRemoved') return { what: 'resource', key, kind: 'removed', fields: [], hidden: [] };
  const value = data as EventData['ResourceUpdated'];
  const after = resourceFields({ id: '', value });
  const before = type === 'ResourceUpdated' && stack ? await store.resource(stack.stream, key) : undefined;
  const fields = fieldChanges(before ? resourceFields({ id: '', value: before.value }) : {}, after);
  const hidden = [...sensitivePaths(before?.value.metadata), ...sensitivePaths(value.metadata)];
  return { what: 'resource', key, kind: before ? 'changed' : 'added', fields, hidden };
}
