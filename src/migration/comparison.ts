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
import type { Plan } from './plan.js';
import { type Comparison, type Counts, keyOf, type StackComparison } from './report.js';
import type { Entry, Row } from './row.js';
import { stacksOf } from './run.js';
import { descriptionOf, type LegacyRecord, type LegacySource, PARTS, type Part } from './source/source.js';
import type { Step } from './steps.js';
import { type Held, type Migration, planStack } from './take.js';

/** One thing in the source and in the target, each as canonical JSON; undefined on the side that lacks it. */
interface Pair {
  /** Set if the pair represents a counted row. */
  readonly part?: Part | undefined;
  readonly label: string;
  readonly source: string | undefined;
  readonly target: string | undefined;
}

/** The outcome of a row in the report of this run. */
export type OutcomeOf = (record: LegacyRecord) => Entry['outcome'] | undefined;

/** The number of differences listed for one stack. */
const SHOWN = 10;

/**
 * Reads the source again and compares each stack's resources, outputs, old versions and history with the target. Memory
 * holds one workflow at a time.
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
    const counts = PARTS.map((part) => [part, held.filter((pair) => pair.part === part).length]);
    const lines = held.map((pair) => JSON.stringify([pair.label, pair[of]])).sort();
    return { ...(Object.fromEntries(counts) as Counts), hash: sha256(lines.join('\n')) };
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

/** @param plan made after the run: it knows each row that the target has, and contains steps for the rest */
function* pairsOf(s: Snapshot, plan: Plan, held: Held | undefined, outcomeOf: OutcomeOf): Program<Pair[]> {
  const isRejected = (record: LegacyRecord): boolean => outcomeOf(record) === 'rejected';
  const tags = new Set(held ? (yield* s.tags(held.stream)).map(({ tag }) => tag) : []);
  const pairs = rowPairs(plan, held, tags).filter(({ row }) => !isRejected(row));
  const states: Pair[] = [];
  for (const read of plan.states) {
    if (!held || (read.step !== undefined && !held.versions.has(read.step))) continue;
    const version = read.step === undefined ? held.left : held.versions.get(read.step);
    states.push(...statePairs(read, yield* readContent(s, held.stream, version), isRejected));
  }
  return [...pairs, ...states];
}

/** The rows that are not compared by content: the target has a row if no step remains for it. */
function rowPairs({ states, steps, records }: Plan, held: Held | undefined, tags: ReadonlySet<string>) {
  const current = states.find(({ step }) => step === undefined);
  const byContent = new Set([
    ...(current?.resources ?? []).map(({ record }) => record),
    ...Array.from(current?.outputs.values() ?? [], ({ row }) => row),
  ]);
  const todo = new Set(steps.filter((step) => !hasNoEffect(step, tags)).map(({ record }) => record));
  const done = new Set(steps.filter((step) => hasNoEffect(step, tags)).map(({ record }) => record));
  const isHeld = (row: Row): boolean =>
    row === current?.record ? !todo.has(row) : row.outcome === 'known' || done.has(row);
  return records
    .filter((row) => !held || !byContent.has(row))
    .map((row) => {
      const target = held && isHeld(row) ? 'read' : undefined;
      return { row, part: descriptionOf(row.table).part, label: keyOf(row), source: 'read', target };
    });
}

/** A tag that the stack already had, and an output that did not change, leave no commit. */
const hasNoEffect = ({ command, record }: Step, tags: ReadonlySet<string>): boolean =>
  (command.type === 'addTags' && command.tags.every((tag) => tags.has(tag))) ||
  (command.type === 'apply' && record?.table === 'state');

type Content = Pick<StateView, 'document' | 'resources' | 'outputs'>;

function statePairs(read: StateRead, held: Content, isRejected: (record: LegacyRecord) => boolean): Pair[] {
  const isCurrent = read.step === undefined;
  const pair = (
    part: Part | undefined,
    name: string,
    source: string | undefined,
    target: string | undefined,
  ): Pair => ({
    part: isCurrent && source !== undefined ? part : undefined,
    label: isCurrent ? name : `${keyOf(read.record)}: ${name}`,
    source,
    target,
  });
  const { found, rest } = matched(read.resources, held.resources, isCurrent);
  const outputs = new Map(held.outputs.map(({ name, value }) => [name, canonical(value)]));
  const pairs = [
    ...read.resources.map((one) => {
      const there = found.get(one);
      const target = there && resourceAs(one, there);
      return { row: one.record, ...pair('resources', `resource ${one.address}`, resourceText(one), target) };
    }),
    ...Array.from(read.outputs, ([name, { value, row }]) => ({
      row,
      ...pair('outputs', `output ${name}`, canonical(value), outputs.get(name)),
    })),
  ].filter(({ row }) => !isRejected(row));
  if (isRejected(read.record) || !read.document) return pairs;
  const extra = [
    ...rest.map(({ address }) => `resource ${address}`),
    ...[...outputs.keys()].filter((name) => !read.outputs.has(name)).map((name) => `output ${name}`),
  ];
  const fields = pair(undefined, 'the fields of the stack', ...fieldsOf(read.document, held.document));
  return [...pairs, ...extra.map((name) => pair(undefined, name, undefined, 'held')), fields];
}

/**
 * Finds the target's resource for each resource of a state: the equal one, otherwise the one at its address. Which of two
 * resources with the same address got an id in its name depended on the rows at that time.
 */
function matched(wanted: readonly Wanted[], held: readonly ResourceRecord[], isCurrent: boolean) {
  const left = new Map(held.map((one) => [one.address, one]));
  const found = new Map<Wanted, ResourceRecord>();
  const match = (find: (one: Wanted) => ResourceRecord | undefined): void => {
    for (const one of wanted) {
      const there = found.has(one) ? undefined : find(one);
      if (there && left.delete(there.address)) found.set(one, there);
    }
  };
  const isSame = (one: Wanted, there: ResourceRecord | undefined): boolean =>
    one.type === there?.type && resourceAs(one, there) === resourceText(one);
  match((one) => (isSame(one, left.get(one.address)) ? left.get(one.address) : undefined));
  match((one) => [...left.values()].find((there) => (!isCurrent || isAlias(one, there)) && isSame(one, there)));
  match((one) => left.get(one.address));
  return { found, rest: [...left.values()] };
}

/** Whether two names can be the same name with different ids appended. */
const isAlias = (one: Wanted, there: ResourceRecord): boolean =>
  one.name.split('-', 1)[0] === there.name.split('-', 1)[0];

const resourceText = ({ id, state, properties, metadata, statedFields }: Wanted): string =>
  canonical({ id: id ?? null, state, properties, metadata: pick(metadata, statedFields) });

/** The fields of a resource that the source contains. Its old id is in the metadata if it could not be used as its id. */
function resourceAs(one: Wanted, { id, value }: ResourceRecord): string {
  const { id: kept, ...metadata } = isJsonObject(value.metadata) ? value.metadata : { metadata: value.metadata };
  const known = one.id === undefined ? null : (kept ?? id);
  const { state, properties } = value;
  return canonical({ id: known, state, properties, metadata: pick(metadata, one.statedFields) });
}

/** The fields that a document states, and the same fields of the stack. */
function fieldsOf({ origin, ...fields }: NonNullable<StateRead['document']>, held: Content['document']) {
  const there = pick(held as never, Object.keys(fields));
  const from = pick((held.origin ?? {}) as never, Object.keys(origin ?? {}));
  return [canonical({ ...fields, origin } as never), canonical({ ...there, origin: from })] as const;
}

const pick = (object: { readonly [key: string]: Json }, keys: readonly string[] | undefined) =>
  keys ? Object.fromEntries(keys.map((key) => [key, own(object, key) ?? null])) : object;

/** One text for each value: keys sorted, numbers normalised. */
function canonical(value: Json): string {
  if (isNumber(value)) return canonicalNumber(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`);
  return `{${fields.sort().join(',')}}`;
}
