import { decodeEvent, type RecordedEvent, type StoredEvent, type UnknownEvent } from '../../src/events/index.js';
import { evolve, initialState, type StackState } from '../../src/projections/evolve.js';
import type { StateView } from '../../src/queries/state.js';

/** The state a stack's events give, folded. */
export const fold = (events: readonly StoredEvent[]): StackState =>
  evolve(
    initialState,
    events.map((event): RecordedEvent | UnknownEvent => decodeEvent(event)),
  );

/** A folded state and a state read from the tables, in one form that can be compared. */
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
