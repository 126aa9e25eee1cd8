import { expect } from 'vitest';
import {
  decodeEvent,
  type RecordedEvent,
  resourceAddress,
  type StoredEvent,
  type UnknownEvent,
} from '../../src/events/index.js';
import { evolve, initialState, type StackState } from '../../src/projections/evolve.js';
import { readState, type StateView } from '../../src/queries/state.js';
import type { EventStore } from '../../src/store/event-store.js';
import { reads } from './reads.js';

/** The state folded from a stack's events. */
export const fold = (events: readonly StoredEvent[]): StackState =>
  evolve(
    initialState,
    events.map((event): RecordedEvent | UnknownEvent => decodeEvent(event)),
  );

/** A folded state and a state read from the tables, in one comparable form. */
export const comparableFold = (state: StackState) => ({
  document: state.document,
  resources: [...state.resources]
    .map(([address, { id, resource, module, type, name, value }]) => ({
      address,
      id: id ?? `res-${resource}`,
      module,
      type,
      name,
      value,
    }))
    .sort((a, b) => (a.address < b.address ? -1 : 1)),
  outputs: [...state.outputs].map(([name, output]) => ({ name, ...output })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  dependencies: [...state.dependencies.values()].map(edge).sort(),
});

const edge = ({
  address,
  target,
  type,
  path,
}: {
  address: string;
  target: string;
  type: string;
  path: string | null;
}) => [address, target, type, path].join(' ');

export const comparableView = (view: StateView) => ({
  document: view.document,
  resources: view.resources.map(({ address, id, module, type, name, value }) => ({
    address,
    id,
    module,
    type,
    name,
    value,
  })),
  outputs: view.outputs.map(({ name, value, sensitive, metadata }) => ({ name, value, sensitive, metadata })),
  dependencies: view.dependencies.map(edge).sort(),
});

/** Every version of a stack, read whole and resource by resource, compared with its events up to then. */
export async function allVersionsHold(store: EventStore, ref: string, addresses: readonly string[]): Promise<void> {
  const stack = await reads(store).stack(ref, { deleted: true });
  if (!stack) throw new Error(`no stack ${ref}`);
  const { stream } = stack;
  const events = await store.events({ stream, limit: 100_000 });
  for (let version = 1; version <= stack.stateVersion; version++) {
    const expected = comparableFold(fold(events.filter((event) => event.version <= version)));
    expect(comparableView(await store.read((s) => readState(s, ref, { version })))).toEqual(expected);
    expect((await reads(store).nodes(stream, version)).map(({ address }) => address)).toEqual(
      expected.resources.map(({ address }) => address),
    );
    for (const address of addresses) {
      const resource = await reads(store).resource(stream, address, version);
      expect(resource?.value).toEqual(expected.resources.find((one) => one.address === address)?.value);
    }
  }
  for (const address of addresses) {
    const ofResource = events.filter(
      ({ type, data }) => type.startsWith('Resource') && resourceAddress(JSON.parse(data)) === address,
    );
    expect(ofResource.length).toBeGreaterThan(0);
    expect(await reads(store).resourceHistory(stream, address)).toEqual(ofResource);
  }
}
