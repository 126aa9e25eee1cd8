import { allSettled } from '../../lib/all-settled.js';
import type { EdgeReads, LikelyEdgeKeys } from '../edge-query.js';
import type { DependencyRecord } from '../records.js';

/** Edge reads that were sent before the decision requested them, with their results. */
export interface EarlyEdgeReads {
  readonly requested: { readonly from: ReadonlySet<string>; readonly known: ReadonlySet<string> };
  readonly from: readonly DependencyRecord[];
  readonly known: readonly { readonly value: string; readonly address: string }[];
}

export async function readEdgesEarly(reads: EdgeReads, likely: LikelyEdgeKeys): Promise<EarlyEdgeReads> {
  const [from, known] = await allSettled([reads.from(likely.from), reads.known(likely.known)]);
  return { requested: { from: new Set(likely.from), known: new Set(likely.known) }, from, known };
}

/** The same reads, but a read whose keys were all read early uses those results instead of the server. */
export const withEarlyReads = (reads: EdgeReads, { requested, from, known }: EarlyEdgeReads): EdgeReads => ({
  ...reads,
  from: (addresses) =>
    isWithin(addresses, requested.from) ? only(from, addresses, ({ address }) => address) : reads.from(addresses),
  known: (values) =>
    isWithin(values, requested.known) ? only(known, values, ({ value }) => value) : reads.known(values),
});

const isWithin = (keys: readonly string[], requested: ReadonlySet<string>): boolean =>
  keys.every((key) => requested.has(key));

function only<T>(results: readonly T[], keys: readonly string[], keyOf: (result: T) => string): T[] {
  const wanted = new Set(keys);
  return results.filter((result) => wanted.has(keyOf(result)));
}
