import { expect } from 'vitest';
import { COMMANDS, type Command, type EnvelopeInput, prepare } from '../../src/commands/index.js';
import { catalogue, type NewEvent, type ResourceValue, type StackDocument } from '../../src/events/index.js';
import { sha256 } from '../../src/lib/digest.js';
import { SlothError } from '../../src/lib/errors.js';
import { type JsonObject, stringifyJson } from '../../src/lib/json.js';
import { type LinkReads, namesOf } from '../../src/store/edge-query.js';
import type { AppendRequest } from '../../src/store/event-store.js';
import { answers, type Difference, type FactKeys, type Facts, NOTHING_PRESENT } from '../../src/store/facts.js';
import { runNow } from '../../src/store/program.js';
import { decideEvents } from '../../src/store/receipts.js';
import type {
  DependencyRecord,
  DriftRecord,
  DriftRuleRecord,
  ExecutionRecord,
  LockRecord,
  LockTaker,
  OutputRecord,
  ResourceSlot,
  StackRecord,
} from '../../src/store/records.js';

/** The instant every decision is made at. */
export const NOW = '2026-01-02T03:04:05.000Z';
export const EARLIER = '2026-01-02T03:04:04.999Z';
export const LATER = '2026-01-02T03:04:05.001Z';

/** What is known before the command; everything left out is not there. */
export interface Known {
  readonly stack?: StackRecord;
  readonly document?: StackDocument;
  readonly lock?: LockRecord;
  readonly lockTaker?: LockTaker;
  /** Who holds a name: name to stack id. */
  readonly names?: Readonly<Record<string, string>>;
  readonly takenIds?: readonly string[];
  readonly resources?: readonly ResourceSlot[];
  /** Resources of another stack: ids are unique over all of them. */
  readonly elsewhere?: readonly ResourceSlot[];
  readonly outputs?: readonly OutputRecord[];
  readonly edges?: readonly DependencyRecord[];
  readonly tags?: readonly string[];
  /** The last finding, by what the command calls the resource. */
  readonly drift?: Readonly<Record<string, DriftRecord>>;
  readonly driftRules?: readonly DriftRuleRecord[];
  readonly executions?: readonly ExecutionRecord[];
  readonly difference?: Difference;
}

const pick = <T>(keys: readonly string[] | undefined, find: (key: string) => T | undefined): Map<string, T> =>
  new Map((keys ?? []).flatMap((key) => (find(key) === undefined ? [] : [[key, find(key) as T]])));

/** Answers exactly what is asked for, as a store does: a decision that forgets to ask goes without. */
export function factsFor(keys: FactKeys, known: Known): Facts {
  const { stack, resources = [], elsewhere = [], outputs = [], edges = [], tags = [], executions = [] } = known;
  const here = stack && [stack.id, stack.name].includes(keys.stack) && (stack.deletedAt === null || keys.deleted);
  const named = keys.name ?? (keys.ownName ? stack?.name : undefined);
  const of = (slots: readonly ResourceSlot[], stream: number) => slots.map((slot) => ({ ...slot, stream }));
  const all = [...of(resources, stack?.stream ?? 0), ...of(elsewhere, 999)];
  return {
    stack: here ? stack : undefined,
    deletedStack: !here && stack?.deletedAt && [stack.id, stack.name].includes(keys.stack) ? stack : undefined,
    document: keys.document ? known.document : undefined,
    lock: known.lock,
    lockTaker: keys.lockTaker ? known.lockTaker : undefined,
    nameHolder: named === undefined ? undefined : known.names?.[named],
    idTaken: keys.id !== undefined && (known.takenIds ?? []).includes(keys.id),
    resources: pick(keys.addresses, (address) => resources.find((slot) => slot.address === address)),
    resourcesById: pick(keys.resourceIds, (id) => all.find((slot) => (slot.id ?? `res-${slot.resource}`) === id)),
    outputs: pick(keys.outputs, (name) => outputs.find((output) => output.name === name)),
    present: keys.present
      ? {
          resources: resources.filter(({ value }) => value !== null).map(({ value: _, ...rest }) => rest),
          outputs: outputs.map(({ name }) => name),
        }
      : NOTHING_PRESENT,
    edges: edges.filter(({ address, target }) => keys.edges?.some(([a, t]) => a === address && t === target)),
    tags: new Set(tags.filter((tag) => keys.tags?.includes(tag))),
    drift: pick(keys.driftOf, (ref) => known.drift?.[ref]),
    driftRules: (keys.driftRules && known.driftRules) || [],
    execution: executions.find(({ id }) => id === keys.execution),
    difference: keys.changedSince === undefined ? undefined : known.difference,
  };
}

/** Where no edges are given, resources have those they declare. */
function linkReadsOf({ resources = [], edges }: Known): LinkReads {
  const present = resources.filter(({ value }) => value !== null);
  const all =
    edges ?? present.flatMap(({ address, value }) => (value?.dependencies ?? []).map((to) => anEdge(address, to)));
  return {
    from: (addresses) => all.filter(({ address }) => addresses.includes(address)),
    to: (targets) => all.filter(({ target }) => targets.includes(target)),
    standing: (names, limit) => {
      const addresses = present.map(({ address }) => address);
      const bearing = (name: string) => addresses.filter((address) => namesOf(address).slice(1).includes(name));
      return names.flatMap((name) => [
        ...addresses.filter((address) => address === name),
        ...bearing(name).slice(0, limit),
      ]);
    },
    known: (values) =>
      present.flatMap(({ address, id, resource, value }) =>
        [id ?? `res-${resource}`, value?.properties.id, (value?.metadata as JsonObject | null)?.identity].flatMap(
          (one) => (typeof one === 'string' && values.includes(one) ? [{ value: one, address }] : []),
        ),
      ),
    slots: (addresses) => answers(addresses, (address) => resources.find((one) => one.address === address)),
  };
}

export interface Decision {
  /** The command is accepted with exactly these events, and each of them fits its schema. */
  thenEvents(...expected: readonly NewEvent[]): void;
  /** The command is refused; returns the error for a closer look. */
  refused(code: string): SlothError;
  /** The events, for what `thenEvents` cannot say. */
  events(): readonly NewEvent[];
}

/** A command as it is ready for the store. Takes anything, as `prepare` does. */
export const request = (command: unknown, envelope: Partial<EnvelopeInput> = {}): AppendRequest =>
  prepare(COMMANDS[(command as Command).type], command, { actor: 'ana', ...envelope });

/** Reads as a sentence: given what is known, when a command comes, then these events follow, or it is refused. */
export function given(known: Known = {}) {
  return {
    when(command: Command, envelope: Partial<EnvelopeInput> = {}): Decision {
      const decide = (): readonly NewEvent[] => {
        const asked = request(command, envelope);
        return runNow(decideEvents(asked, factsFor(asked.keys, known), () => linkReadsOf(known), NOW));
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

/** Data as the text it is stored as: tells an exact number from its neighbour, absent from null. */
const readable = ({ type, data }: NewEvent) => ({ type, data: JSON.parse(stringifyJson(quoted(data))) });

/** Numbers as text, so that the comparison sees how they are spelled. */
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

export const aStack = (fields: Partial<StackRecord> = {}): StackRecord => ({
  stream: 1,
  id: 'stack-1',
  name: 'web',
  description: '',
  version: '',
  status: 'created',
  workflowFile: '',
  stateVersion: 3,
  revision: 5,
  resourceCount: 0,
  createdAt: EARLIER,
  updatedAt: EARLIER,
  completedAt: null,
  executionCount: 0,
  lastDuration: null,
  lastError: null,
  deletedAt: null,
  ...fields,
});

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

export const aLock = (fields: Partial<LockRecord> = {}): LockRecord => ({
  lockId: 'lock-1',
  token: 9,
  operation: 'deploy',
  who: 'bea',
  info: '',
  createdAt: EARLIER,
  expiresAt: LATER,
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

/** A resource in the root module, by its address `type.name`. */
export const aSlot = (address: string, fields: Partial<ResourceSlot> = {}): ResourceSlot => {
  const [type = '', name = ''] = address.split('.');
  return { resource: 10, id: null, address, module: '', type, name, value: aValue(), ...fields };
};

/** The rule 50, which holds for ever. */
export const aDriftRule = (fields: Partial<DriftRuleRecord> = {}): DriftRuleRecord => ({
  id: 50,
  resourceType: '*',
  path: '$',
  reason: 'known',
  expiresAt: null,
  createdBy: 'ana',
  createdAt: EARLIER,
  ...fields,
});

export const anOutput = (name: string, fields: Partial<OutputRecord> = {}): OutputRecord => ({
  name,
  value: 1,
  sensitive: false,
  metadata: null,
  position: 20,
  version: 2,
  ...fields,
});

export const anEdge = (address: string, target: string, fields: Partial<DependencyRecord> = {}): DependencyRecord => ({
  address,
  target,
  type: 'explicit',
  path: null,
  position: 30,
  createdAt: EARLIER,
  ...fields,
});
