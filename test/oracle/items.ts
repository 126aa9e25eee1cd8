import { sha256 } from '../../src/lib/digest.js';
import { groupBy } from '../../src/lib/group-by.js';

export type Kind = 'workflow' | 'resource' | 'output' | 'version' | 'tag' | 'drift' | 'activity' | 'lock';

/** One thing that a source or a target says, to be compared with what the other says. */
export interface Item {
  readonly kind: Kind;
  /** What it is found by on the other side; things of one key are told apart by their content. */
  readonly key: string;
  /** What it is called in differences: `workflow_resources/r-1`, `resource file.a`. */
  readonly label: string;
  /** What it says, each value as canonical JSON. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface TargetItem extends Item {
  /** The event that says so. */
  readonly position: number;
  /** Only looked at where the source says so too: a stack's history holds more values than the rows name. */
  readonly optional?: true;
  /** What the old system called it, where rows are found by that: ids of resources. */
  readonly names?: readonly string[];
}

/** An item of the target with its line, in which it speaks of what the source speaks of. */
export interface Line {
  readonly item: TargetItem;
  readonly line: string;
}

/** Two sides, put together. */
export interface Matching {
  /** What both say. */
  readonly same: readonly Line[];
  /** Without its like in the target. */
  readonly missing: readonly Item[];
  /** Without its like in the source. */
  readonly unexpected: readonly Line[];
}

/** What a resource is found by. */
export const resourceKey = (type: string, name: string): string => JSON.stringify([type, name]);

/** What a value is found by that a resource had before. */
export const earlier = (key: string): string => `${key} before`;

/** SHA-256 over lines, whatever their order was. */
export const digest = (lines: readonly string[]): string => sha256([...lines].sort().join('\n'));

/** The fields of which both sides are to speak: those the source says; the target may know more. */
const asked = (item: Item, by: Item | undefined): (readonly [string, string])[] =>
  by ? [...by.fields.keys()].map((name) => [name, item.fields.get(name) ?? NOTHING]) : [...item.fields];

/** What a side says of a field that it does not have. */
export const NOTHING = 'nothing';

const place = ({ kind, key }: Item): string => `${kind}\t${JSON.stringify(key)}`;

export const lineOf = (item: Item, by?: Item): string =>
  [place(item), ...asked(item, by).map(([name, value]) => `${JSON.stringify(name)}:${value}`)].join('\t');

/** Finds for each item of the source one of the target that says the same. */
export function match(source: readonly Item[], target: readonly TargetItem[]): Matching {
  const wanted = groupBy(source, (item) => lineOf(item));
  const first = new Map(source.map((item) => [place(item), item]));
  const same: Line[] = [];
  const unexpected: Line[] = [];
  for (const item of target) {
    const line = lineOf(item, first.get(place(item)));
    (wanted.get(line)?.pop() ? same : unexpected).push({ item, line });
  }
  return { same, missing: [...wanted.values()].flat(), unexpected };
}

/**
 * What two sides do not have in common, in words: an item of the source is told beside the one of the target that is
 * most like it.
 * @param extra what of the target is in no row
 * @param others what it may be told beside as well
 */
export function inWords(missing: readonly Item[], extra: readonly Line[], others: readonly Line[] = []): string[] {
  const left = groupBy(
    [...extra, ...others].map(({ item }) => item),
    place,
  );
  const words = missing.flatMap((item) => {
    const candidates = left.get(place(item)) ?? [];
    const told = candidates.map((other) => ({ other, words: differences(item, other) }));
    const [nearest] = told.sort((a, b) => a.words.length - b.words.length);
    if (!nearest) return [`${item.label} is not in the target`];
    candidates.splice(candidates.indexOf(nearest.other), 1);
    return nearest.words;
  });
  const told = new Set(extra.map(({ item }) => item));
  const rest = [...left.values()].flat().filter((item) => told.has(item));
  return [...words, ...rest.map((item) => `${item.label}: in the target, but in no row`)];
}

/** What a version held, in the item that stands for it: a digest, so that no two versions are held at once. */
export const CONTENT = 'its content';

/** The fields in which two items differ, in words; a version's content is told by itself. */
function differences(source: Item, target: Item): string[] {
  return [...source.fields]
    .filter(([name, value]) => name !== CONTENT && (target.fields.get(name) ?? NOTHING) !== value)
    .map(([name, value]) => {
      const [there, here] = [value, target.fields.get(name) ?? NOTHING].map(shortened);
      return `${source.label}: ${name} is ${there} in the source, ${here} in the target`;
    });
}

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);
