import { type EventData, type NewEvent, resourceAddress } from '../events/index.js';
import type { Json } from '../lib/json.js';
import { type FieldChange, fieldChanges } from '../lib/json-diff.js';
import type { EdgeFacts } from '../store/edge-query.js';
import type { Facts } from '../store/facts.js';
import type { StoredResource } from '../store/records.js';
import { resourceFields } from './diff.js';
import { HIDDEN_OF_STACK, sensitivePaths } from './sensitive.js';

/** One thing that a command adds, changes or removes. */
export interface DecidedChange {
  readonly what: 'stack' | 'resource' | 'output';
  readonly key: string;
  readonly kind: 'added' | 'changed' | 'removed';
  readonly fields: readonly FieldChange[];
  /** Masked paths. */
  readonly hidden: readonly string[];
}

/** The facts of a command's decision, and the events that it decided to append. */
export interface Decision {
  readonly facts: Facts;
  readonly edgeFacts: EdgeFacts | undefined;
  readonly events: readonly NewEvent[];
}

/** The changes of a decision, with the previous values, which come from the same snapshot. */
export function decidedChanges({ facts, edgeFacts, events }: Decision): readonly DecidedChange[] {
  const { difference } = facts;
  const storedResources = new Map(difference?.resources.map(({ stored }) => [stored.address, stored]));
  for (const stored of [
    ...(edgeFacts?.dependents.values() ?? []),
    ...facts.resourcesById.values(),
    ...facts.resources.values(),
  ])
    storedResources.set(stored.address, stored);
  const outputs = new Map(difference?.outputs.flatMap(({ name, now }) => (now ? [[name, now] as const] : [])));
  for (const [name, output] of facts.outputs) outputs.set(name, output);
  const document = (difference?.document.now ?? facts.document) as Json | undefined;
  return events.flatMap((event) => toChange({ document, storedResources, outputs }, event));
}

interface Previous {
  readonly document: Json | undefined;
  readonly storedResources: ReadonlyMap<string, Pick<StoredResource, 'value'>>;
  readonly outputs: ReadonlyMap<string, { readonly value: Json; readonly sensitive: boolean }>;
}

function toChange(previous: Previous, event: NewEvent): DecidedChange[] {
  switch (event.type) {
    case 'StackCreated':
      return [{ what: 'stack', key: event.data.name, kind: 'added', fields: [], hidden: [] }];
    case 'StackUpdated': {
      const fields = fieldChanges(previous.document, event.data as unknown as Json);
      return [{ what: 'stack', key: event.data.name, kind: 'changed', fields, hidden: HIDDEN_OF_STACK }];
    }
    case 'ResourceCreated':
    case 'ResourceUpdated':
    case 'ResourceRemoved':
      return [resourceChange(previous, event)];
    case 'OutputSet': {
      const { name, value, sensitive } = event.data;
      const before = previous.outputs.get(name);
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
    case 'OutputRemoved': {
      const { name } = event.data;
      const before = previous.outputs.get(name);
      const fields = before ? [{ path: '$.value', before: before.value }] : [];
      return [{ what: 'output', key: name, kind: 'removed', fields, hidden: before?.sensitive ? ['$'] : [] }];
    }
    default:
      return [];
  }
}

type Value = Parameters<typeof resourceFields>[0]['value'];

function resourceChange(
  previous: Previous,
  { type, data }: Extract<NewEvent, { type: 'ResourceCreated' | 'ResourceUpdated' | 'ResourceRemoved' }>,
): DecidedChange {
  const key = resourceAddress(data);
  const before = type === 'ResourceCreated' ? undefined : (previous.storedResources.get(key)?.value ?? undefined);
  const after = type === 'ResourceRemoved' ? undefined : (data as EventData['ResourceUpdated']);
  const content = (value: Value | undefined): Json => (value ? resourceFields({ id: '', value }) : {});
  const hidden = [before, after].flatMap((value) => sensitivePaths(value?.metadata));
  const kind = after === undefined ? 'removed' : before === undefined ? 'added' : 'changed';
  return { what: 'resource', key, kind, fields: fieldChanges(content(before), content(after)), hidden };
}
