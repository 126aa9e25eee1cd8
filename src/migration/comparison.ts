import { sha256 } from '../lib/digest.js';
import { canonicalNumber, isJsonObject, isNumber, type Json, own } from '../lib/json.js';
import { pause } from '../lib/pause.js';
import { readContent, type StateView } from '../queries/state.js';
import type { EventStore } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import type { Program } from '../store/program.js';
import type { ResourceRecord } from '../store/records.js';
import type { Snapshot } from '../store/snapshot.js';
import type { StateRead, Wanted } from './content.js';
import type { Plan } from './plan-workflow.js';
import { stacksOf } from './run.js';
import type { LegacyRecord, LegacySource, LegacyTable } from './source/source.js';
import type { Step } from './steps.js';
import { type Held, type Migration, planStack } from './take.js';

const KINDS = ['resources', 'outputs', 'versions', 'tags', 'drift', 'activity', 'locks'] as const;
type Kind = (typeof KINDS)[number];

/** How many rows were taken, of each kind. */
export type Counts = { readonly [K in Kind]: number };

export interface StackComparison {
  /** The workflow's id; `workflow-state` for what belongs to none. */
  readonly workflow: string;
  /** The stack's id; null where there is none. */
  readonly stack: string | null;
  readonly source: Counts & { readonly hash: string };
  readonly target: Counts & { readonly hash: string };
  /** Rows with such an entry in the report. The comparison leaves out rejected rows. */
  readonly repaired: number;
  readonly rejected: number;
  readonly equal: boolean;
  /** The first few, in words. */
  readonly differences: readonly string[];
}

export interface Comparison {
  readonly equal: boolean;
  readonly stacks: readonly StackComparison[];
  /** Rows without a workflow that the report does not reject; the first few. */
  readonly unaccounted: readonly string[];
}

/** What the source and the target hold of one thing, each as canonical JSON; undefined on the side that lacks it. */
interface Pair {
  /** Set where the pair stands for a row that is counted. */
  readonly kind?: Kind | undefined;
  readonly label: string;
  readonly source: string | undefined;
  readonly target: string | undefined;
}

/** What became of a row in this run. */
export type OutcomeOf = (record: LegacyRecord) => 'repaired' | 'rejected' | undefined;

/** Differences listed of one stack. */
const SHOWN = 10;

const KIND_OF: Readonly<Partial<Record<LegacyTable, Kind>>> = {
  workflow_resources: 'resources',
  workflow_outputs: 'outputs',
  state_versions: 'versions',
  workflow_tags: 'tags',
  drift_detections: 'drift',
  workflow_activity: 'activity',
  locks: 'locks',
  state: 'outputs',
};

/**
 * Reads the source again and compares each stack's resources, outputs, old versions and history with what the target
 * answers. Holds one workflow at a time.
 */
export async function compareMigration(
  source: LegacySource,
  store: EventStore,
  migration: Migration,
  outcomeOf: OutcomeOf,
  onProgress?: OnProgress,
): Promise<Comparison> {
  const total = source.counts.workflow_states ?? 0;
  const stacks: StackComparison[] = [];
  for (const stack of stacksOf(source)) {
    const { plan, held } = await planStack(store, stack, { ...migration, resumed: false });
    const pairs = await store.read((s) => pairsOf(s, plan, held, outcomeOf));
    stacks.push({ workflow: plan.stack.id, stack: held ? plan.stack.id : null, ...compared(pairs, plan, outcomeOf) });
    onProgress?.({ step: 'comparing', done: Math.min(stacks.length, total), total });
    await pause();
  }
  const unaccounted: string[] = [];
  for (const record of source.orphans()) {
    if (outcomeOf(record) === 'rejected' || unaccounted.length >= SHOWN) continue;
    unaccounted.push(`${keyOf(record)} belongs to no workflow, and no entry rejects it`);
  }
  return { equal: unaccounted.length === 0 && stacks.every(({ equal }) => equal), stacks, unaccounted };
}

export const keyOf = ({ table, id }: LegacyRecord): string => `${table}/${id}`;

function compared(pairs: readonly Pair[], { records }: Plan, outcomeOf: OutcomeOf) {
  const side = (of: 'source' | 'target') => {
    const held = pairs.filter((pair) => pair[of] !== undefined);
    const count = (kind: Kind): number => held.filter((pair) => pair.kind === kind).length;
    const hash = sha256(
      held
        .map((pair) => JSON.stringify([pair.label, pair[of]]))
        .sort()
        .join('\n'),
    );
    return { ...(Object.fromEntries(KINDS.map((kind) => [kind, count(kind)])) as Counts), hash };
  };
  const different = pairs.filter((pair) => pair.source !== pair.target);
  return {
    source: side('source'),
    target: side('target'),
    repaired: records.filter((record) => outcomeOf(record) === 'repaired').length,
    rejected: records.filter((record) => outcomeOf(record) === 'rejected').length,
    equal: different.length === 0,
    differences: different.slice(0, SHOWN).map(inWords),
  };
}

function inWords({ label, source, target }: Pair): string {
  if (target === undefined) return `${label} is not in the target`;
  if (source === undefined) return `${label}: in the target, but in no row`;
  return `${label} is ${shortened(source)} in the source, ${shortened(target)} in the target`;
}

const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);

/** @param plan made after the run: it knows each row that the target holds, and has steps for the rest */
function* pairsOf(s: Snapshot, plan: Plan, held: Held | undefined, outcomeOf: OutcomeOf): Program<Pair[]> {
  const isRejected = (record: LegacyRecord): boolean => outcomeOf(record) === 'rejected';
  const tags = new Set(held ? (yield* s.tags(held.stream)).map(({ tag }) => tag) : []);
  const behind = new Set<LegacyRecord>();
  const without = new Set<LegacyRecord>();
  for (const step of plan.steps) if (step.record) (hasNoEffect(step, tags) ? without : behind).add(step.record);
  const current = plan.states.find(({ step }) => step === undefined);
  const compared = new Set(
    [...(current?.resources ?? []), ...(current?.outputs.values() ?? [])].map(({ record }) => record),
  );
  const pairs: Pair[] = plan.records.flatMap((record) => {
    if (isRejected(record) || (held && compared.has(record))) return [];
    const isThere =
      held &&
      (record === current?.record
        ? !behind.has(record)
        : plan.ledger.outcomeOf(record) === 'known' || without.has(record));
    return [
      { kind: KIND_OF[record.table], label: keyOf(record), source: 'read', target: isThere ? 'read' : undefined },
    ];
  });
  for (const read of held ? plan.states : []) {
    const version = read.step === undefined ? held?.left : held?.versions.get(read.step);
    if (version === undefined) continue;
    pairs.push(...statePairs(read, yield* readContent(s, held?.stream ?? 0, version), isRejected));
  }
  return pairs;
}

/** A tag that somebody else gave the stack, and an output that is already as it should be, leave no commit. */
const hasNoEffect = ({ command, record }: Step, tags: ReadonlySet<string>): boolean =>
  (command.type === 'addTags' && command.tags.every((tag) => tags.has(tag))) ||
  (command.type === 'apply' && record?.table === 'state');

type Content = Pick<StateView, 'document' | 'resources' | 'outputs'>;

function statePairs(read: StateRead, held: Content, isRejected: (record: LegacyRecord) => boolean): Pair[] {
  const prefix = read.step === undefined ? '' : `${keyOf(read.record)}: `;
  const counted = read.step === undefined;
  const resources = new Map(held.resources.map((one) => [one.address, one]));
  const outputs = new Map(held.outputs.map(({ name, value }) => [name, value]));
  const pairs: Pair[] = read.resources.flatMap((one) => {
    const there = resources.get(one.address);
    resources.delete(one.address);
    if (isRejected(one.record)) return [];
    const { id = null, type, name, state, properties, metadata } = one;
    const source = canonical({ id, type, name, state, properties, metadata: pick(metadata, one.said) });
    return [
      {
        ...kind('resources'),
        label: `${prefix}resource ${one.address}`,
        source,
        target: there && resourceAs(one, there),
      },
    ];
  });
  for (const [name, { value, record }] of read.outputs) {
    const there = outputs.get(name);
    outputs.delete(name);
    if (isRejected(record)) continue;
    const target = there === undefined ? undefined : canonical(there);
    pairs.push({ ...kind('outputs'), label: `${prefix}output ${name}`, source: canonical(value), target });
  }
  if (isRejected(read.record) || !read.whole) return pairs;
  const extra = [
    ...[...resources.keys()].map((one) => `resource ${one}`),
    ...[...outputs.keys()].map((one) => `output ${one}`),
  ];
  pairs.push(...extra.map((label) => ({ label: prefix + label, source: undefined, target: '1' })));
  if (read.document) {
    const { origin, ...fields } = read.document;
    const { origin: there, ...others } = held.document;
    const target = {
      ...pick(others as never, Object.keys(fields)),
      origin: there && pick(there as never, Object.keys(origin ?? {})),
    };
    pairs.push({
      label: `${prefix}the fields of the stack`,
      source: canonical(read.document as never),
      target: canonical(target as never),
    });
  }
  return pairs;

  function kind(of: Kind): Pick<Pair, 'kind'> {
    return counted ? { kind: of } : {};
  }
}

/** The fields of a resource that the source speaks of. Its old id is in the metadata where it could not be its id. */
function resourceAs(one: Wanted, { id, type, name, value }: ResourceRecord): string {
  const { id: kept, ...metadata } = isJsonObject(value.metadata) ? value.metadata : { metadata: value.metadata };
  const known = one.id === undefined ? null : (kept ?? id);
  const { state, properties } = value;
  return canonical({ id: known, type, name, state, properties, metadata: pick(metadata, one.said) });
}

const pick = (object: { readonly [key: string]: Json }, keys: readonly string[] | undefined) =>
  keys ? Object.fromEntries(keys.map((key) => [key, own(object, key) ?? null])) : object;

/** One text for each value: keys sorted, and numbers by their value. */
function canonical(value: Json): string {
  if (isNumber(value)) return canonicalNumber(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`);
  return `{${fields.sort().join(',')}}`;
}
