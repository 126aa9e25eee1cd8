import { allSettled } from '../../lib/all-settled.js';
import type { EdgeReads, LikelyEdgeKeys } from '../edge-query.js';
import type { DependencyRecord } from '../records.js';

/** Questions that were asked before a decision came to them, with their answers. */
export interface EarlyEdgeReads {
  readonly asked: { readonly from: ReadonlySet<string>; readonly known: ReadonlySet<string> };
  readonly from: readonly DependencyRecord[];
  readonly known: readonly { readonly value: string; readonly address: string }[];
}

export async function readEdgesEarly(reads: EdgeReads, likely: LikelyEdgeKeys): Promise<EarlyEdgeReads> {
  const [from, known] = await allSettled([reads.from(likely.from), reads.known(likely.known)]);
  return { asked: { from: new Set(likely.from), known: new Set(likely.known) }, from, known };
}

/** The same reads, without a question to the server where all of what is asked was asked early. */
export const withEarlyReads = (reads: EdgeReads, { asked, from, known }: EarlyEdgeReads): EdgeReads => ({
  ...reads,
  from: (addresses) =>
    isWithin(addresses, asked.from) ? only(from, addresses, ({ address }) => address) : reads.from(addresses),
  known: (values) => (isWithin(values, asked.known) ? only(known, values, ({ value }) => value) : reads.known(values)),
});

const isWithin = (keys: readonly string[], asked: ReadonlySet<string>): boolean => keys.every((key) => asked.has(key));

function only<T>(answers: readonly T[], keys: readonly string[], keyOf: (answer: T) => string): T[] {
  const wanted = new Set(keys);
  return answers.filter((answer) => wanted.has(keyOf(answer)));
}
