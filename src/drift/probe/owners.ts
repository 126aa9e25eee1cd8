import { readFile } from 'node:fs/promises';
import { equalJson, isNumber, type Json } from '../../lib/json.js';

/** The names of users or groups in the system's own file; those of a directory service are not included. */
export interface Names {
  readonly byNumber: ReadonlyMap<number, string>;
  readonly byName: ReadonlyMap<string, number>;
}

/**
 * @param file `/etc/passwd` or `/etc/group`: `name:password:number:…` on each line. If it cannot be read, there are no
 * names.
 */
export async function readNames(file: string): Promise<Names> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const byNumber = new Map<number, string>();
  const byName = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, , number] = line.split(':');
    if (!name || !number || !/^\d+$/.test(number)) continue;
    if (!byNumber.has(Number(number))) byNumber.set(Number(number), name);
    byName.set(name, Number(number));
  }
  return { byNumber, byName };
}

/**
 * An owner in the expected spelling if it is equal. Else its number if a number was expected or it has no name, else its
 * name.
 */
export function ownerAs(expected: Json, number: number, { byNumber, byName }: Names): Json {
  if (isNumber(expected)) return equalJson(expected, number) ? expected : number;
  const isExpected =
    typeof expected === 'string' &&
    (byName.get(expected) === number || (!byName.has(expected) && expected === `${number}`));
  return isExpected ? expected : (byNumber.get(number) ?? number);
}
