import { resourceMissing } from './damage-errors.js';
import type { Difference } from './facts.js';
import { type Eventual, type Program, together, wait } from './program.js';
import type { DependencyRecord, StoredResource } from './records.js';
import type { Snapshot } from './snapshot.js';

/** Reads the rows of resources, including removed ones. */
export interface StoredResourceReads {
  byAddress(addresses: readonly string[]): Eventual<ReadonlyMap<string, StoredResource>>;
  byId(ids: readonly string[]): Eventual<ReadonlyMap<string, StoredResource>>;
}

/**
 * The differences between the state at version `from` and the current state at version `to`. The cost grows with the
 * changes in between.
 */
export function* readDifference(
  s: Snapshot,
  storedResources: StoredResourceReads,
  stream: number,
  from: number,
  to: number,
): Program<Difference> {
  const { addresses, outputs, dependencies } = yield* s.changedKeys(stream, from, to);
  const [byAddress, before, outputsNow, outputsBefore, edgesNow, edgesBefore, now, then] = yield* together([
    wait(storedResources.byAddress(addresses)),
    s.resourcesOf(stream, addresses, from),
    s.outputsOf(stream, outputs),
    s.outputsOf(stream, outputs, from),
    s.dependenciesOf(stream, dependencies),
    s.dependenciesOf(stream, dependencies, from),
    s.document(stream),
    s.document(stream, from),
  ]);
  const holders = yield* wait(storedResources.byId([...before.values()].map(({ id }) => id)));
  const [present, earlierEdges] = [byEnds(edgesNow), byEnds(edgesBefore)];
  return {
    document: { now: now.document, before: then.document },
    resources: addresses.map((address) => {
      const stored = byAddress.get(address);
      if (!stored) throw resourceMissing(address);
      const earlier = before.get(address);
      return {
        stored,
        now: stored.value === null ? undefined : stored,
        before: earlier && {
          ...stored,
          id: earlier.id === `res-${earlier.resource}` ? null : earlier.id,
          value: earlier.value,
        },
        idHolder: earlier && holders.get(earlier.id)?.resource,
      };
    }),
    outputs: outputs.map((name) => ({ name, now: outputsNow.get(name), before: outputsBefore.get(name) })),
    dependencies: dependencies.map(([address, target]) => ({
      address,
      target,
      now: present.get(`${address}\n${target}`),
      before: earlierEdges.get(`${address}\n${target}`),
    })),
  };
}

const byEnds = (edges: readonly DependencyRecord[]): Map<string, DependencyRecord> =>
  new Map(edges.map((edge) => [`${edge.address}\n${edge.target}`, edge]));
