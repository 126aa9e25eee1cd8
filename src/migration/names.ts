import { resourceAddress } from '../events/index.js';
import { sha256 } from '../lib/digest.js';
import { stringifyJson } from '../lib/json.js';
import { cellJson, nameOf, type Taken } from './cells.js';
import type { Row } from './row.js';

/** The name in a column, made unique among existing names by appending `~` and 8 digits of a hash. */
export function freeName(taken: { has(name: string): boolean }, row: Row, column: string, max: number): string {
  const name = row.name(column, 'unknown', max);
  let free = name;
  for (let seed = stringifyJson(cellJson(row.cell(column))); taken.has(free); seed += '.') {
    free = nameOf(`${name}~${sha256(seed).slice(0, 8)}`, column, name, max).value;
  }
  if (free !== name) row.repaired(`there is a ${column} ${name} already`, `became "${free}"`);
  return free;
}

export const addressOf = (type: string, name: string): string => resourceAddress({ module: '', type, name });

/** A resource before its name is checked for uniqueness. */
export interface Named {
  readonly type: string;
  readonly name: string;
  /** Type and name as in the legacy state, which distinguishes resources by them. */
  readonly written: string;
  /** Appended to its name if that is taken. */
  readonly id: string;
}

/**
 * The name here of a workflow's resource, in its row and in all versions; with its id appended if another resource has its
 * address.
 */
export type Names = (resource: Named) => Taken<string>;

type Owner = Pick<Named, 'type' | 'name'> & { readonly written?: string };

/** @param held by address: the resources that an earlier run created */
export function openNames(held: Iterable<readonly [address: string, owner: Owner]>): Names {
  const owners = new Map<string, Owner>(held);
  const others = new Map<string, string>();
  const isFree = ({ type, written }: Named, name: string): boolean => {
    const owner = owners.get(addressOf(type, name));
    if (!owner) return true;
    return owner.written === undefined ? owner.type === type && owner.name === name : owner.written === written;
  };
  return (one) => {
    const { type, name, written, id } = one;
    const key = `${written} ${name}`;
    let free = others.get(key) ?? name;
    while (!isFree(one, free)) free = nameOf(`${free}-${id}`, 'name', id, 1024).value;
    owners.set(addressOf(type, free), { type, name: free, written });
    if (free === name) return { value: name };
    others.set(key, free);
    const problem = `another resource has the address ${addressOf(type, name)}`;
    return { value: free, repair: { problem, done: `became "${free}"` } };
  };
}
