// What a tool without versions does to tell what changed: both states are read whole and compared resource by resource.
import { diff } from 'json-diff-ts';

/** @returns how many resources differ */
export function diffDocuments(before, after) {
  const known = new Map(before.resources.map((one) => [one.address, one]));
  let differing = 0;
  for (const one of after.resources) {
    const other = known.get(one.address);
    known.delete(one.address);
    if (!other || diff(other.value.properties, one.value.properties).length > 0) differing += 1;
  }
  return differing + known.size;
}
