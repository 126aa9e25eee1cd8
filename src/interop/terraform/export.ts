import type { Json, JsonObject } from '../../kernel/json.js';
import type { StateView } from '../../queries/state.js';
import type { OutputRecord, ResourceRecord } from '../../store/records.js';
import type { Header, Kept } from './import.js';
import { compareBlocks, compareInstances } from './order.js';

type Exported = Kept & { readonly absent?: readonly string[] };

/**
 * The stack as a Terraform state file. One that was imported and not changed comes back value for value. The serial is
 * the imported one plus the versions since, so that Terraform takes a changed or rolled back state for the newer one.
 */
export function toTerraformState(view: StateView): JsonObject {
  const { origin } = view.document;
  const imported = origin?.format === 'terraform' ? origin : undefined;
  const serial = imported ? imported.serial + (view.version - imported.version) : view.version;
  const lineage = imported?.lineage ?? view.stack.id;
  const header = imported?.header as unknown as Header | undefined;
  if (header?.encrypted) return Object.hasOwn(header.fields, 'serial') ? { ...header.fields, serial } : header.fields;

  const { terraform_version, ...fields } = header?.fields ?? { terraform_version: '1.0.0' };
  const outputs = toOutputs(view.outputs);
  const resources = toBlocks(view.resources, header?.emptyBlocks ?? []);
  const lacks = (field: string, isEmpty: boolean) => isEmpty && header?.absent.includes(field);
  return {
    version: 4,
    ...(terraform_version === undefined ? {} : { terraform_version }),
    serial,
    lineage,
    ...(lacks('outputs', view.outputs.length === 0) ? {} : { outputs }),
    ...(lacks('resources', resources.length === 0) ? {} : { resources }),
    ...fields,
  };
}

const toOutputs = (outputs: readonly OutputRecord[]): JsonObject =>
  Object.fromEntries(
    outputs.map(({ name, value, sensitive, metadata }) => {
      const kept = (metadata as JsonObject | null)?.terraform as JsonObject | undefined;
      const { sensitive: written, ...rest } = kept ?? { type: typeOf(value) };
      // `false` is written only where it was: Terraform leaves it out.
      const mark = sensitive
        ? { sensitive: true }
        : written === undefined || written === true
          ? {}
          : { sensitive: written };
      return [name, { value, ...rest, ...mark }];
    }),
  );

/** Terraform's type of a value that came without one: exact for simple values, dynamic otherwise. */
function typeOf(value: Json): Json {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? 'number' : 'dynamic';
}

interface Block {
  readonly fields: JsonObject;
  readonly rank: number | undefined;
  readonly instances: { readonly fields: JsonObject; readonly rank: number | undefined }[];
}

function toBlocks(resources: readonly ResourceRecord[], emptyBlocks: Header['emptyBlocks']): JsonObject[] {
  const blocks = new Map<string, Block>();
  for (const resource of resources) {
    const kept = keptOf(resource);
    const [blockRank, rank] = kept.rank ?? [];
    const { module = '', mode, type, name } = kept.block;
    const key = blockRank === undefined ? `${module}\n${mode}\n${type}\n${name}` : String(blockRank);
    const block = blocks.get(key) ?? { fields: kept.block, rank: blockRank, instances: [] };
    blocks.set(key, block);
    block.instances.push({ fields: toInstance(resource, kept), rank });
  }
  for (const [index, { block, rank }] of emptyBlocks.entries()) {
    blocks.set(`empty ${index}`, { fields: block as JsonObject, rank: rank as number | undefined, instances: [] });
  }
  const last = Number.POSITIVE_INFINITY;
  return [...blocks.values()]
    .sort((a, b) => byRank(a.rank ?? last, b.rank ?? last) || compareBlocks(a.fields as never, b.fields as never))
    .map(({ fields, instances }) => ({
      ...fields,
      instances: instances
        .sort(
          (a, b) => byRank(a.rank ?? last, b.rank ?? last) || compareInstances(a.fields as never, b.fields as never),
        )
        .map((instance) => instance.fields),
    }));
}

const byRank = (a: number, b: number): number => (a === b ? 0 : a - b);

function toInstance({ value }: ResourceRecord, { instance, absent = [] }: Exported): JsonObject {
  const { index_key, status, deposed, schema_version, ...rest } = instance;
  const empty = (list: readonly unknown[] | object) => Object.keys(list).length === 0;
  const tainted = value.state === 'tainted' ? 'tainted' : status === 'tainted' ? undefined : status;
  return {
    ...(index_key === undefined ? {} : { index_key }),
    ...(tainted === undefined ? {} : { status: tainted }),
    ...(deposed === undefined ? {} : { deposed }),
    ...(schema_version === undefined ? {} : { schema_version }),
    ...(absent.includes('attributes') && empty(value.properties) ? {} : { attributes: value.properties }),
    ...(absent.includes('dependencies') && empty(value.dependencies) ? {} : { dependencies: value.dependencies }),
    // Last: attributes or dependencies that stand here came in a form the engine does not keep elsewhere.
    ...rest,
  };
}

/** What an imported resource kept; for one that was made here, what Terraform would have written. */
function keptOf({ module, type, name, value }: ResourceRecord): Exported {
  const kept = (value.metadata as JsonObject | null)?.terraform as unknown as Exported | undefined;
  if (kept) return kept;
  const [, mode = 'managed', ofMode] = /^(data|ephemeral)\.(.+)$/.exec(type) ?? [];
  const terraformType = ofMode ?? type;
  const [, base = name, number, text] = /^(.*?)\[(?:(\d+)|(".*"))\]$/s.exec(name) ?? [];
  const key = number === undefined ? (text === undefined ? undefined : (JSON.parse(text) as string)) : Number(number);
  const vendor = terraformType.split('_')[0] ?? terraformType;
  const source =
    terraformType === 'terraform_data' ? 'terraform.io/builtin/terraform' : `registry.terraform.io/hashicorp/${vendor}`;
  return {
    block: {
      ...(module === '' ? {} : { module }),
      mode,
      type: terraformType,
      name: base,
      provider: `provider["${source}"]`,
    },
    instance: { ...(key === undefined ? {} : { index_key: key }), schema_version: 0, sensitive_attributes: [] },
    absent: ['dependencies'],
  };
}
