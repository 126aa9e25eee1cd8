import type { BlockIdentity, TerraformBlock, TerraformInstance } from './format.js';

/** Go compares strings by their UTF-8 bytes. */
const byBytes = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** Terraform's order of blocks: module, mode, type, name. */
export const compareBlocks = (a: BlockIdentity, b: BlockIdentity): number =>
  byBytes(a.module ?? '', b.module ?? '') ||
  byBytes(a.mode, b.mode) ||
  byBytes(a.type, b.type) ||
  byBytes(a.name, b.name);

/** Equal for blocks of one resource. */
export const identityOf = ({ module, mode, type, name }: BlockIdentity): string =>
  JSON.stringify([module ?? '', mode, type, name]);

type InstanceKey = Pick<TerraformInstance, 'index_key' | 'deposed'>;

/** The order of a block's instances: no key, then numbers, then texts; the current object before deposed ones. */
export function compareInstances(a: InstanceKey, b: InstanceKey): number {
  const rank = ({ index_key: key }: InstanceKey) =>
    key === undefined || key === null ? 0 : typeof key === 'number' ? 1 : 2;
  const [keyA, keyB] = [a.index_key, b.index_key];
  const byKey =
    typeof keyA === 'number' && typeof keyB === 'number'
      ? keyA - keyB
      : byBytes(String(keyA ?? ''), String(keyB ?? ''));
  return rank(a) - rank(b) || byKey || byBytes(a.deposed ?? '', b.deposed ?? '');
}

/** Whether blocks and instances are in Terraform's order, so that their order need not be kept. */
export function isCanonical(blocks: readonly TerraformBlock[]): boolean {
  return (
    ascending(blocks, compareBlocks) && blocks.every(({ instances }) => ascending(instances ?? [], compareInstances))
  );
}

const ascending = <T>(items: readonly T[], compare: (a: T, b: T) => number): boolean =>
  items.every((item, index) => index === 0 || compare(items[index - 1] as T, item) < 0);
