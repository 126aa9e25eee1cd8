import type { StackDocument } from '../events/index.js';
import { sha256 } from '../lib/digest.js';
import { type Json, sortKeys, stringifyJson } from '../lib/json.js';
import type { At } from '../store/event-store.js';
import { type Program, together } from '../store/program.js';
import type { DependencyRecord, DocumentRecord, OutputRecord, ResourceRecord, StackRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import { stackMoment } from './at.js';

/** A whole stack, now or at a version. */
export interface StateView extends DocumentRecord {
  readonly stack: StackRecord;
  readonly version: number;
  /** Sorted by address. */
  readonly resources: readonly ResourceRecord[];
  /** Sorted by name. */
  readonly outputs: readonly OutputRecord[];
  /** Sorted by address, then target. */
  readonly dependencies: readonly DependencyRecord[];
}

/** The part of a state that its hash covers; everything in the order of a StateView. */
export interface StateContent {
  readonly document: StackDocument;
  readonly resources: readonly Pick<ResourceRecord, 'module' | 'type' | 'name' | 'value'>[];
  readonly outputs: readonly Pick<OutputRecord, 'name' | 'value' | 'sensitive'>[];
  readonly dependencies: readonly Pick<DependencyRecord, 'address' | 'target' | 'type'>[];
}

export function* readState(s: Snapshot, ref: string, at?: At): Program<StateView> {
  const { stack, version, past } = yield* stackMoment(s, ref, at);
  return { stack, version, ...(yield* readContent(s, stack.stream, past ? version : undefined)) };
}

/** The content of a stack, now or at one of its versions. */
export function* readContent(
  s: Snapshot,
  stream: number,
  version?: number,
): Program<Omit<StateView, 'stack' | 'version'>> {
  const [own, resources, outputs, dependencies] = yield* together([
    s.document(stream, version),
    s.resources(stream, version),
    s.outputs(stream, version),
    s.dependencies(stream, version),
  ]);
  return { ...own, resources, outputs, dependencies };
}

/**
 * Identifies a state by its content: SHA-256 of the JSON of its own fields, resources, outputs and edges with sorted keys.
 * Two stacks with the same content have the same hash; ids, times and history are not part of it.
 */
export function stateHash(state: StateContent): string {
  const { name: _, origin: __, status: ___, ...own } = state.document;
  const content = {
    stack: own,
    resources: state.resources.map(({ module, type, name, value }) => {
      const { lastApplied: _applied, checksum: _checksum, ...rest } = value;
      return { module, type, name, ...rest };
    }),
    outputs: state.outputs.map(({ name, value, sensitive }) => ({ name, value, sensitive })),
    dependencies: state.dependencies.map(({ address, target, type }) => ({ address, target, type })),
  };
  return sha256(stringifyJson(sortKeys(content as unknown as Json)));
}
