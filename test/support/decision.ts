import { expect } from 'vitest';
import { COMMANDS, type Command, type EnvelopeInput, prepare } from '../../src/commands/index.js';
import { PROJECTION } from '../../src/engine.js';
import { catalogue, type NewEvent, type ResourceValue, type StackDocument } from '../../src/events/index.js';
import { sha256 } from '../../src/lib/digest.js';
import { SlothError } from '../../src/lib/errors.js';
import { type JsonObject, stringifyJson } from '../../src/lib/json.js';
import type { AppendRequest } from '../../src/store/event-store.js';
import { runNow } from '../../src/store/program.js';
import { decideEvents } from '../../src/store/receipts.js';
import { recordEvents } from '../../src/store/record-events.js';
import { appendEvents, headOf } from '../model/log.js';
import { edgeReads } from '../model/read/edges.js';
import { readFacts } from '../model/read/facts.js';
import { emptyState, type MemoryState } from '../model/state.js';
import { applyChanges } from '../model/tables.js';

/** The time of every decision. */
export const NOW = '2026-01-02T03:04:05.000Z';
/** The time of the given events. */
export const EARLIER = '2026-01-02T03:04:04.999Z';
export const LATER = '2026-01-02T03:04:05.001Z';

/** One commit: an event, or several. A StackCreated starts the stack of the commits after it. */
export type Given = NewEvent | readonly NewEvent[];

/**
 * The model after these commits. The first event has position 1; resources, locks and findings are identified by positions.
 */
export function stateAfter(commits: readonly Given[]): MemoryState {
  const state = emptyState();
  let stream = 0;
  for (const [index, commit] of commits.entries()) {
    const events = [commit].flat();
    for (const { type, data } of events) catalogue[type].parse(data);
    const { position, hash } = headOf(state.log);
    if (events[0]?.type === 'StackCreated') stream = position + 1;
    const before = state.log.streams.get(stream)?.at(-1);
    const { stored, recorded } = recordEvents(
      events,
      { position, hash, stream: before?.stream, revision: before?.revision ?? 0, version: before?.version ?? 0 },
      { commandId: `given-${index}`, meta: { actor: 'bea', source: 'test', command: 'given' }, now: EARLIER },
    );
    appendEvents(state.log, stored);
    applyChanges(state.tables, PROJECTION.project(recorded));
  }
  return state;
}

export interface Decision {
  /** The command is accepted with exactly these events, and each of them matches its schema. */
  thenEvents(...expected: readonly NewEvent[]): void;
  /** The command is refused; returns the error. */
  refused(code: string): SlothError;
  /** The events, for assertions beyond `thenEvents`. */
  events(): readonly NewEvent[];
}

/** A command that is ready for the store. Accepts anything, like `prepare`. */
export const request = (command: unknown, envelope: Partial<EnvelopeInput> = {}): AppendRequest =>
  prepare(COMMANDS[(command as Command).type], command, { actor: 'ana', ...envelope });

/** Reads as a sentence: given these commits, when a command is sent, then these events follow, or it is refused. */
export function given(...commits: readonly Given[]) {
  let state: MemoryState | undefined;
  return {
    when(command: Command, envelope: Partial<EnvelopeInput> = {}): Decision {
      const decide = (): readonly NewEvent[] => {
        const asked = request(command, envelope);
        const model = (state ??= stateAfter(commits));
        return runNow(decideEvents(asked, readFacts(model, asked.keys), (stream) => edgeReads(model, stream), NOW));
      };
      return {
        events: decide,
        thenEvents: (...expected) => {
          const events = decide();
          expect(events.map(readable)).toEqual(expected.map(readable));
          for (const { type, data } of events) catalogue[type].parse(data);
        },
        refused: (code) => {
          const error = thrown(decide);
          expect(error).toBeInstanceOf(SlothError);
          expect((error as SlothError).code).toBe(code);
          return error as SlothError;
        },
      };
    },
  };
}

/** Data as the stored text: distinguishes an exact number from its neighbour, and absent from null. */
const readable = ({ type, data }: NewEvent) => ({ type, data: JSON.parse(stringifyJson(quoted(data))) });

/** Numbers as text, so that the comparison includes their spelling. */
function quoted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(quoted);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, quoted(item)]));
  }
  return typeof value === 'string' || value === null || typeof value === 'boolean' ? value : `number ${value}`;
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('the command was accepted');
}

export const aDocument = (fields: Partial<StackDocument> = {}): StackDocument => ({
  name: 'web',
  description: '',
  version: '',
  status: 'created',
  workflowFile: '',
  configuration: {},
  metadata: {},
  origin: null,
  ...fields,
});

export const aValue = (fields: Partial<ResourceValue> = {}): ResourceValue => {
  const properties: JsonObject = fields.properties ?? {};
  return {
    properties,
    dependencies: [],
    state: 'applied',
    metadata: {},
    checksum: sha256(stringifyJson(properties)),
    lastApplied: NOW,
    errorMessage: null,
    ...fields,
  };
};

type Data<T extends NewEvent['type']> = Extract<NewEvent, { type: T }>['data'];

/** The stack web, whose id is stack-1. */
export const stackCreated = (fields: Partial<Data<'StackCreated'>> = {}): NewEvent => ({
  type: 'StackCreated',
  data: { id: 'stack-1', ...aDocument(), ...fields },
});

export const stackUpdated = (fields: Partial<StackDocument> = {}): NewEvent => ({
  type: 'StackUpdated',
  data: aDocument(fields),
});

export const stackDeleted = (name = 'web'): NewEvent => ({ type: 'StackDeleted', data: { name } });

/** The names of a resource in the root module, from its address `type.name`. */
export const placeOf = (address: string) => {
  const [type = '', name = ''] = address.split('.');
  return { module: '', type, name };
};

/** A resource in the root module, with an edge for each dependency that it declares. */
export const resourceCreated = (
  address: string,
  { dependencies = [], ...fields }: Partial<Data<'ResourceCreated'>> = {},
): NewEvent[] => [
  {
    type: 'ResourceCreated',
    data: { ...placeOf(address), ...aValue({ properties: fields.properties ?? {} }), dependencies, ...fields },
  },
  ...dependencies.map((target) => dependencyAdded(address, target)),
];

/** @param resource the position of the resource's first event */
export const resourceRemoved = (
  address: string,
  resource: number,
  fields: Partial<Data<'ResourceRemoved'>> = {},
): NewEvent => ({ type: 'ResourceRemoved', data: { resource, ...placeOf(address), ...fields } });

/** An explicit edge without a path. */
export const dependencyAdded = (
  address: string,
  target: string,
  fields: Partial<Data<'DependencyAdded'>> = {},
): NewEvent => ({
  type: 'DependencyAdded',
  data: { address, target, dependencyType: 'explicit', path: null, ...fields },
});

export const dependencyRemoved = (address: string, target: string): NewEvent => ({
  type: 'DependencyRemoved',
  data: { address, target },
});

export const outputSet = (name: string, fields: Partial<Data<'OutputSet'>> = {}): NewEvent => ({
  type: 'OutputSet',
  data: { name, value: 1, sensitive: false, metadata: null, ...fields },
});

/** The lock lock-1 of bea, which has not expired. Its token is its position. */
export const lockAcquired = (fields: Partial<Data<'LockAcquired'>> = {}): NewEvent => ({
  type: 'LockAcquired',
  data: { lockId: 'lock-1', operation: 'deploy', who: 'bea', info: '', expiresAt: LATER, ...fields },
});

export const tagAdded = (tag: string): NewEvent => ({ type: 'TagAdded', data: { tag } });

/** A rule for every type without an expiry. Its number is its position. */
export const driftRuleAdded = (fields: Partial<Data<'DriftRuleAdded'>> = {}): NewEvent => ({
  type: 'DriftRuleAdded',
  data: { resourceType: '*', path: '$', reason: 'known', expiresAt: null, ...fields },
});
