import { equalJson, type JsonObject } from '../../lib/json.js';
import {
  asTerraform,
  isBlock,
  isInstance,
  type TerraformBlock,
  type TerraformInstance,
  type TerraformState,
} from './format.js';
import { compareBlocks, compareInstances, identityOf, isCanonical } from './order.js';
import { readItem, type Split, splitList } from './text.js';

/** A state document as text; if it has Terraform's own layout and order, also split into its blocks. */
export interface StateText {
  readonly text: string;
  readonly blocks?: Split;
}

/** Two documents, without the instances that are identical in both. */
export interface Difference {
  readonly before: TerraformState;
  readonly after: TerraformState;
  /** The second document. */
  readonly state: StateText;
}

/**
 * The difference between a known document and the text of the next one. Only the difference is parsed: blocks that are
 * identical in both are skipped, and so are identical instances of blocks that differ.
 * @returns undefined if one of them must be parsed completely: it has another layout or order, or is not a state
 */
export function differenceOf(known: StateText, text: string): Difference | undefined {
  const next = known.blocks && splitList(text, 'resources', '');
  const lists = known.blocks && next && differing(known.blocks, next, readBlock, compareHeads);
  if (!known.blocks || !next || !lists) return undefined;
  const read = readBlocks(lists);
  const before = read && reduced(known.blocks, lists.before, read);
  const after = read && reduced(next, lists.after, read);
  return before && after && isCanonical(blocksOf(after)) ? { before, after, state: { text, blocks: next } } : undefined;
}

/** A document that was parsed completely, as text. */
export function stateText(text: string, state: TerraformState): StateText {
  const read = blocksOf(state);
  const blocks = isCanonical(read) ? splitList(text, 'resources', '') : undefined;
  return blocks?.items.every((item, place) => tellsInstances(item, read[place])) ? { text, blocks } : { text };
}

const blocksOf = (state: TerraformState): readonly TerraformBlock[] =>
  'encrypted' in state ? [] : (state.document.resources ?? []);

const INSTANCES = '\n      "instances": [\n';
const hasInstances = (text: string): boolean => text.includes(INSTANCES);

/** Whether the layout of a block proves that it has instances, without parsing it. */
const tellsInstances = (text: string, block: TerraformBlock | undefined): boolean =>
  hasInstances(text) === (block?.instances ?? []).length > 0;

const compareHeads = (a: BlockText, b: BlockText): number => compareBlocks(a.head, b.head);

/** A block with unparsed instances. */
interface BlockText {
  readonly head: TerraformBlock;
  readonly instances: Split | undefined;
}

function readBlock(text: string): BlockText | undefined {
  const instances = splitList(text, 'instances', '    ');
  const head = instances?.fields ?? readItem(text);
  return isBlock(head) && (instances || tellsInstances(text, head)) ? { head, instances } : undefined;
}

function readInstance(text: string): TerraformInstance | undefined {
  const instance = readItem(text);
  return isInstance(instance) ? instance : undefined;
}

/** Items that only one of two lists contains, by their texts. */
interface Own<T> {
  readonly items: ReadonlyMap<string, T>;
  /** They start at this index … */
  readonly from: number;
  /** … and end before this one. */
  readonly to: number;
}

interface Lists<T> {
  readonly before: Own<T>;
  readonly after: Own<T>;
}

/**
 * @param old sorted
 * @returns undefined if `next` is not sorted too, or an item that is not in both cannot be parsed
 */
function differing<T>(
  old: Split,
  next: Split,
  read: (text: string) => T | undefined,
  compare: (a: T, b: T) => number,
): Lists<T> | undefined {
  const { from, behind } = alike(old.items, next.items);
  const before = old.items.slice(from, old.items.length - behind);
  const after = next.items.slice(from, next.items.length - behind);
  const places = new Map(before.map((text, place) => [text, place]));
  const isNext = (text: string, following: string): boolean => {
    const [place, nextPlace] = [places.get(text), places.get(following)];
    if (place !== undefined && nextPlace !== undefined) return place < nextPlace;
    const [one, other] = [read(text), read(following)];
    return one !== undefined && other !== undefined && compare(one, other) < 0;
  };
  if (!after.every((text, index) => index === 0 || isNext(after[index - 1] as string, text))) return undefined;
  const kept = new Set(after);
  const gone = readAll(
    before.filter((text) => !kept.has(text)),
    read,
  );
  const come = readAll(
    after.filter((text) => !places.has(text)),
    read,
  );
  if (!gone || !come) return undefined;
  return {
    before: { items: gone, from, to: old.items.length - behind },
    after: { items: come, from, to: next.items.length - behind },
  };
}

/**
 * The number of equal items at the beginning and at the end of two lists, minus one neighbour of the difference on each
 * side. Texts are compared by index, which is many times as fast as looking them up.
 */
function alike(a: readonly string[], b: readonly string[]): { readonly from: number; readonly behind: number } {
  const shortest = Math.min(a.length, b.length);
  let start = 0;
  while (start < shortest && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shortest - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return { from: Math.max(0, start - 1), behind: Math.max(0, end - 1) };
}

function readAll<T>(texts: readonly string[], read: (text: string) => T | undefined): Map<string, T> | undefined {
  const items = new Map<string, T>();
  for (const text of texts) {
    const item = read(text);
    if (item === undefined) return undefined;
    items.set(text, item);
  }
  return items;
}

/**
 * The blocks of two lists. A block that differs only in its instances is returned with the instances that differ.
 * @returns undefined if an instance cannot be parsed
 */
function readBlocks({ before, after }: Lists<BlockText>): Map<string, TerraformBlock> | undefined {
  const others = new Map([...before.items].map(([text, block]) => [identityOf(block.head), text]));
  const blocks = new Map<string, TerraformBlock>();
  const add = (text: string, { head }: BlockText, instances: ReadonlyMap<string, TerraformInstance>): void => {
    blocks.set(text, { ...head, instances: [...instances.values()] } as TerraformBlock);
  };
  for (const [text, block] of after.items) {
    const otherText = others.get(identityOf(block.head));
    const other = otherText === undefined ? undefined : before.items.get(otherText);
    const instances = other && instancesThatDiffer(other, block);
    if (otherText === undefined || !other || !instances) continue;
    add(otherText, other, instances.before.items);
    add(text, block, instances.after.items);
  }
  for (const [text, block] of [...before.items, ...after.items]) {
    if (blocks.has(text)) continue;
    const instances = readAll(block.instances?.items ?? [], readInstance);
    if (!instances) return undefined;
    if (block.instances) add(text, block, instances);
    else blocks.set(text, block.head);
  }
  return blocks;
}

function instancesThatDiffer(before: BlockText, after: BlockText): Lists<TerraformInstance> | undefined {
  if (!before.instances || !after.instances || !equalJson(before.head, after.head)) return undefined;
  return differing(before.instances, after.instances, readInstance, compareInstances);
}

/** A document of the parsed blocks, and of those without instances, which its header always lists. */
function reduced(
  { fields, items }: Split,
  own: Own<BlockText>,
  read: ReadonlyMap<string, TerraformBlock>,
): TerraformState | undefined {
  const resources = items.flatMap((text, place) => {
    const bare = !hasInstances(text);
    const differs = place >= own.from && place < own.to && own.items.has(text);
    const block = differs ? read.get(text) : bare ? (readItem(text) as TerraformBlock) : undefined;
    return block && (bare || block.instances?.length) ? [block] : [];
  });
  try {
    return asTerraform({ ...fields, resources } as JsonObject, 'state');
  } catch {
    return undefined; // the error is reported for the complete document
  }
}
