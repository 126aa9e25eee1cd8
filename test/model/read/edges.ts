import { byBytes } from '../../../src/lib/order.js';
import type { EdgeReads } from '../../../src/store/edge-query.js';
import { answers } from '../../../src/store/facts.js';
import type { DependencyRecord } from '../../../src/store/records.js';
import { resourceId } from '../../../src/store/resource-id.js';
import type { MemoryState } from '../state.js';
import { dependenciesAt } from './outputs.js';
import { resourcesByAddress } from './resources.js';
import { rowsOf } from './rows.js';

/** Scans the tables once for all steps. */
export function edgeReads(state: MemoryState, stream: number): EdgeReads {
  const edges = dependenciesAt(state, stream);
  const present = rowsOf(state.tables.resource_rows, stream).filter(({ position }) => position !== null);
  const among = (keys: readonly string[], end: 'address' | 'target'): DependencyRecord[] => {
    const wanted = new Set(keys);
    return edges.filter((edge) => wanted.has(edge[end]));
  };
  return {
    from: (addresses) => among(addresses, 'address'),
    to: (targets) => among(targets, 'target'),
    existing: (names, limit) => {
      const found = names.flatMap((name) => [
        ...present.filter(({ address }) => address === name),
        ...present.filter(({ base }) => base === name).slice(0, limit),
      ]);
      return [...new Set(found.map(({ address }) => address))].sort(byBytes);
    },
    known: (values) => {
      const wanted = new Set<string | null>(values);
      return present.flatMap(({ address, resource, id, own_id, identity }) =>
        [resourceId({ id, resource }), own_id, identity].flatMap((value) =>
          value !== null && wanted.has(value) ? [{ value, address }] : [],
        ),
      );
    },
    resources: (addresses) => answers(addresses, resourcesByAddress(state, stream)),
  };
}
