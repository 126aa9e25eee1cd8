import type { StackDocument } from '../events/index.js';
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
import { type Comparison, type Counts, type Entry, KINDS, type Kind, keyOf, type StackComparison } from './report.js';
import { stacksOf } from './run.js';
import type { LegacyRecord, LegacySource, LegacyTable } from './source/source.js';
import type { Step } from './steps.js';
import { type Held, type Migration, planStack } from './take.js';

/** What the source and the target hold of one thing, each as canonical JSON; undefined on the side that lacks it. */
interface Pair {
  /** Set where the pair stands for a row that is counted. */
  readonly kind?: Kind | undefined;
  readonly label: string;
  readonly source: string | undefined;
  readonly target: string | undefined;
}

/** The entry of a row in the report of this run. */
export type OutcomeOf = (record: LegacyRecord) => Entry['outcome'] | undefined;

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
  for (const read of plan.states) {
    if (!held || (read.step !== undefined && !held.versions.has(read.step))) continue;
    const version = read.step === undefined ? held.left : held.versions.get(read.step);
    pairs.push(...statePairs(read, yield* readContent(s, held.stream, version), isRejected));
  }
  return pairs;
}

/** A tag that somebody else gave the stack, and an output that is already as it should be, leave no commit. */
const hasNoEffect = ({ command, record }: Step, tags: ReadonlySet<string>): boolean =>
  (command.type === 'addTags' && command.tags.every((tag) => tags.has(tag))) ||
  (command.type === 'apply' && record?.table === 'state');

type Content = Pick<StateView, 'document' | 'resources' | 'outputs'>;

function statePairs(read: StateRead, held: Content, isRejected: (record: LegacyRecord) => boolean): Pair[] {
  const isCurrent = read.step === undefined;
  const pair = (kind: Kind, name: string, source: string | undefined, target: string | undefined): Pair => {
    const label = `${isCurrent ? '' : `${keyOf(read.record)}: `}${name}`;
    return { kind: isCurrent && source !== undefined ? kind : undefined, label, source, target };
  };
  const resources = new Map(held.resources.map((one) => [one.address, one]));
  const outputs = new Map(held.outputs.map(({ name, value }) => [name, value]));
  const found = new Map<Wanted, ResourceRecord>();
  const match = (find: (one: Wanted) => ResourceRecord | undefined): void => {
    for (const one of read.resources) {
      const there = found.has(one) ? undefined : find(one);
      if (there && resources.delete(there.address)) found.set(one, there);
    }
  };
  const isSame = (one: Wanted, there: ResourceRecord) =>
    one.type === there.type && resourceAs(one, there) === textOf(one);
  const named = ({ address }: Wanted) => [resources.get(address) ?? []].flat();
  match((one) => named(one).find((there) => isSame(one, there)));
  // Which of two resources of one address got its id behind its name depended on the rows there were then.
  match((one) => [...resources.values()].find((there) => (!isCurrent || isAlias(one, there)) && isSame(one, there)));
  match((one) => named(one)[0]);
  const pairs: Pair[] = read.resources.flatMap((one) => {
    const there = found.get(one);
    const target = there && resourceAs(one, there);
    return isRejected(one.record) ? [] : [pair('resources', `resource ${one.address}`, textOf(one), target)];
  });
  for (const [name, { value, record }] of read.outputs) {
    const there = outputs.get(name);
    outputs.delete(name);
    const target = there === undefined ? undefined : canonical(there);
    if (!isRejected(record)) pairs.push(pair('outputs', `output ${name}`, canonical(value), target));
  }
  if (isRejected(read.record) || !read.document) return pairs;
  for (const address of resources.keys()) pairs.push(pair('resources', `resource ${address}`, undefined, 'held'));
  for (const name of outputs.keys()) pairs.push(pair('outputs', `output ${name}`, undefined, 'held'));
  const { kind: _, ...fields } = pair('versions', 'the fields of the stack', ...fieldsOf(read.document, held.document));
  return [...pairs, fields];
}

/** The fields that a document states, and the same ones of the stack. */
function fieldsOf({ origin, ...fields }: NonNullable<StateRead['document']>, held: StackDocument): [string, string] {
  const there = pick(held as never, Object.keys(fields));
  const from = pick((held.origin ?? {}) as never, Object.keys(origin ?? {}));
  return [canonical({ ...fields, origin } as never), canonical({ ...there, origin: from })];
}

/** Whether two names can be one name with different ids behind it. */
const isAlias = (one: Wanted, there: ResourceRecord): boolean =>
  one.name.split('-', 1)[0] === there.name.split('-', 1)[0];

const textOf = ({ id, state, properties, metadata, said }: Wanted): string =>
  canonical({ id: id ?? null, state, properties, metadata: pick(metadata, said) });

/** The fields of a resource that the source speaks of. Its old id is in the metadata where it could not be its id. */
function resourceAs(one: Wanted, { id, value }: ResourceRecord): string {
  const { id: kept, ...metadata } = isJsonObject(value.metadata) ? value.metadata : { metadata: value.metadata };
  const known = one.id === undefined ? null : (kept ?? id);
  const { state, properties } = value;
  return canonical({ id: known, state, properties, metadata: pick(metadata, one.said) });
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
