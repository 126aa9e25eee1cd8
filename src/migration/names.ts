import { resourceAddress } from '../events/index.js';
import { sha256 } from '../lib/digest.js';
import { stringifyJson } from '../lib/json.js';
import { cellJson, nameOf, type Taken } from './cells.js';
import type { Ledger } from './report.js';
import type { Cell, LegacyRecord } from './source/source.js';

/** What a cell names, so that none of those has that name that are there: or else with `~` and 8 digits of a hash. */
export function freeName(
  taken: { has(name: string): boolean },
  record: LegacyRecord,
  value: Cell,
  what: string,
  max: number,
  ledger: Ledger,
): string {
  const name = ledger.take(record, nameOf(value, what, 'unknown', max));
  let free = name;
  for (let seed = stringifyJson(cellJson(value)); taken.has(free); seed += '.') {
    free = nameOf(`${name}~${sha256(seed).slice(0, 8)}`, what, name, max).value;
  }
  if (free !== name)
    ledger.repaired(record, { problem: `there is a ${what} ${name} already`, done: `became "${free}"` });
  return free;
}

/** A resource before it is known whether its name is free. */
export interface Named {
  readonly type: string;
  readonly name: string;
  /** Type and name as the old system writes them: what it tells resources apart by. */
  readonly told: string;
  /** What is put behind its name where that is not free. */
  readonly id: string;
}

/** What the resources of one workflow are called here: the same in its rows and in all of its versions. */
export interface Names {
  /** Its name, or, where another resource has its address, one with its id. */
  nameOf(resource: Named): Taken<string>;
}

type Owner = Pick<Named, 'type' | 'name'> & { readonly told?: string };

/** @param held by address, what the target has of an earlier run */
export function openNames(held: Iterable<readonly [address: string, owner: Owner]>): Names {
  const owners = new Map<string, Owner>(held);
  const others = new Map<string, string>();
  const addressOf = (type: string, name: string): string => resourceAddress({ module: '', type, name });
  const isFree = ({ type, told }: Named, name: string): boolean => {
    const owner = owners.get(addressOf(type, name));
    if (!owner) return true;
    return owner.told === undefined ? owner.type === type && owner.name === name : owner.told === told;
  };
  return {
    nameOf: (one) => {
      const { type, name, told, id } = one;
      const key = `${told} ${name}`;
      let free = others.get(key) ?? name;
      while (!isFree(one, free)) free = nameOf(`${free}-${id}`, 'name', id, 1024).value;
      owners.set(addressOf(type, free), { type, name: free, told });
      if (free === name) return { value: name };
      others.set(key, free);
      const problem = `another resource has the address ${addressOf(type, name)}`;
      return { value: free, repair: { problem, done: `became "${free}"` } };
    },
  };
}
