import { ConflictError } from '../../lib/errors.js';
import type { Json, JsonObject } from '../../lib/json.js';
import type { StateView } from '../../queries/state.js';
import type { ResourceRecord } from '../../store/records.js';
import type { TerraformBlock, TerraformInstance } from './format.js';
import { type Header, headerOf } from './header.js';
import { type Kept, keptOf, madeUp, writeInstance } from './instances.js';
import { compareBlocks, compareInstances, identityOf } from './order.js';
import { writeOutputs } from './outputs.js';

/**
 * The stack as a Terraform state file. An imported and unchanged stack is exported value for value. The serial is the
 * imported one plus the number of versions since, so that Terraform considers a changed or rolled back state newer.
 * @throws ConflictError for resources or outputs besides a state that OpenTofu encrypted: one document cannot contain both
 */
export function toTerraformState(view: StateView): JsonObject {
  const { origin } = view.document;
  const imported = origin?.format === 'terraform' ? origin : undefined;
  const serial = imported ? imported.serial + (view.version - imported.version) : view.version;
  const lineage = imported?.lineage ?? view.stack.id;
  const header = headerOf(imported);
  if (header.encrypted) return encryptedState(view, header.fields, serial);

  const { terraform_version, outputs: _, resources: __, ...fields } = header.fields;
  /** An empty list as imported: absent, null or empty. */
  const listed = (field: string, value: Json, isEmpty: boolean): JsonObject => {
    if (isEmpty && header.absent.includes(field)) return {};
    return { [field]: isEmpty && Object.hasOwn(header.fields, field) ? (header.fields[field] as Json) : value };
  };
  const resources = toBlocks(view.resources, header.emptyBlocks);
  return {
    version: 4,
    ...(terraform_version === undefined ? {} : { terraform_version }),
    serial,
    lineage,
    ...listed('outputs', writeOutputs(view.outputs), view.outputs.length === 0),
    ...listed('resources', resources, resources.length === 0),
    ...fields,
  };
}

function encryptedState({ stack, resources, outputs }: StateView, fields: JsonObject, serial: number): JsonObject {
  if (resources.length + outputs.length > 0) {
    throw new ConflictError(
      'ENCRYPTED_STATE',
      `stack "${stack.name}" contains an encrypted state and other resources or outputs`,
      {
        hint: 'Export a version that contains only one of them, with --at-version.',
        details: { stack: stack.name, resources: resources.length, outputs: outputs.length },
      },
    );
  }
  return Object.hasOwn(fields, 'serial') ? { ...fields, serial } : fields;
}

interface Block {
  readonly fields: TerraformBlock;
  readonly rank: number;
  readonly instances: { readonly fields: TerraformInstance; readonly rank: number }[];
}

const LAST = Number.POSITIVE_INFINITY;

function toBlocks(resources: readonly ResourceRecord[], emptyBlocks: Header['emptyBlocks']): JsonObject[] {
  const blocks = collectBlocks(resources);
  const taken = new Set(blocks.map(({ fields }) => identityOf(fields)));
  const full = blocks.map(({ fields, rank, instances }) => ({
    fields,
    rank,
    written: { ...fields, instances: inOrder(instances, compareInstances).map((instance) => instance.fields) },
  }));
  // A rollback keeps the header: a block that it lists as empty may have instances again.
  const empty = emptyBlocks
    .filter(({ block, rank }) => rank !== undefined || !taken.has(identityOf(block)))
    .map(({ block, rank = LAST }) => ({ fields: block, rank, written: block as JsonObject }));
  return inOrder([...full, ...empty], compareBlocks).map(({ written }) => written as JsonObject);
}

/** A resource that was created here joins the imported block, and gets its provider. */
function collectBlocks(resources: readonly ResourceRecord[]): Block[] {
  const blocks = new Map<string, Block>();
  const byIdentity = new Map<string, Block>();
  const add = (resource: ResourceRecord, kept: Kept): void => {
    const [blockRank = LAST, rank = LAST] = kept.rank ?? [];
    const identity = identityOf(kept.block);
    const key = `${blockRank} ${identity}`;
    let block = blocks.get(key) ?? (blockRank === LAST ? byIdentity.get(identity) : undefined);
    if (!block) {
      block = { fields: kept.block, rank: blockRank, instances: [] };
      blocks.set(key, block);
      byIdentity.set(identity, block);
    }
    block.instances.push({ fields: writeInstance(resource, kept) as TerraformInstance, rank });
  };
  const made: ResourceRecord[] = [];
  for (const resource of resources) {
    const kept = keptOf(resource);
    if (kept) add(resource, kept);
    else made.push(resource);
  }
  for (const resource of made) add(resource, madeUp(resource));
  return [...blocks.values()];
}

const inOrder = <F, T extends { readonly rank: number; readonly fields: F }>(
  items: readonly T[],
  compare: (a: F, b: F) => number,
): T[] => items.toSorted((a, b) => (a.rank === b.rank ? compare(a.fields, b.fields) : a.rank - b.rank));
