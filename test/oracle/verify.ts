import { pause } from '../../src/lib/pause.js';
import type { LegacyRecord, LegacySource, LegacyWorkflow } from '../../src/migration/source/source.js';
import type { EventStore } from '../../src/store/event-store.js';
import type { OnProgress } from '../../src/store/maintenance.js';
import { accounts } from './accounts.js';
import { jsonOfCell, textOfCell } from './canonical.js';
import { CONTENT, digest, type Item, inWords, type Kind, type Line, lineOf, match, type TargetItem } from './items.js';
import { type Entries, type SourceVersion, sourceContent, stateItems, strayLockItems } from './source-content.js';
import {
  contentAt,
  locksTakenAt,
  type StackFinder,
  sharedContent,
  stackFinder,
  type TargetStack,
  targetContent,
  targetVersions,
} from './target-content.js';

/**
 * The verification of a migration: reads source and target each for itself, by docs/adr/0017 and by nothing of what
 * migrates, and compares what they say.
 */
export interface VerifyOptions {
  /**
   * Rows that are not in the target as they were, by `table/id`: those of this run's report, and those an earlier run
   * repaired. They are left out of the hashes.
   */
  readonly entries: Entries;
  /** The id of this migration: what an earlier one took need no longer be in the source. Left out, all of it must be. */
  readonly migration?: string;
  /** Counts workflows. */
  readonly onProgress?: OnProgress;
}

/** How many rows there are without an entry, and what they became. */
export interface Counts {
  readonly resources: number;
  readonly outputs: number;
  readonly versions: number;
  readonly tags: number;
  readonly drift: number;
  readonly activity: number;
  readonly locks: number;
}

export interface StackVerification {
  /** The workflow's id; `workflow-state` for what belongs to none. */
  readonly workflow: string;
  /** The stack's id; null where there is none. */
  readonly stack: string | null;
  readonly source: Counts & { readonly hash: string };
  readonly target: Counts & { readonly hash: string };
  /** Rows that the hashes do not speak of. */
  readonly repaired: number;
  readonly rejected: number;
  readonly equal: boolean;
  /** The first few, in words. */
  readonly differences: readonly string[];
}

export interface MigrationVerification {
  readonly equal: boolean;
  readonly stacks: readonly StackVerification[];
  /** Rows of workflows that are not there and of which the report does not say that they were rejected; the first few. */
  readonly unaccounted: readonly string[];
}

/** What is shown of the differences of one stack. */
const SHOWN = 10;
/** The stack of the old key-value store. */
const SHARED_STACK = 'workflow-state';

/** Verifies all stacks, holding one workflow at a time. */
export async function verifyMigration(
  source: LegacySource,
  store: EventStore,
  { entries, migration, onProgress }: VerifyOptions,
): Promise<MigrationVerification> {
  const total = Number(source.counts.workflow_states ?? 0);
  const stacks: StackVerification[] = [];
  const { byWorkflow, stray } = locksOf(source);
  const against: Against = { store, finder: stackFinder(store), entries, migration };
  for (const workflow of source.workflows()) {
    const locks = byWorkflow.get(workflow.workflow.id) ?? [];
    stacks.push(await verifyWorkflow(workflow, locks, against));
    onProgress?.({ step: 'comparing', done: stacks.length, total });
    await pause();
  }
  const shared = await sharedStack(source.state(), stray, against);
  if (shared) stacks.push(shared);
  const unaccounted: string[] = [];
  for (const { table, id } of source.orphans()) {
    if (entries.get(`${table}/${id}`) === 'rejected' || unaccounted.length >= SHOWN) continue;
    unaccounted.push(`${table}/${id} belongs to no workflow, and no entry says that it was rejected`);
  }
  return { equal: unaccounted.length === 0 && stacks.every(({ equal }) => equal), stacks, unaccounted };
}

/** Locks by the id of the workflow's row whose id or, where none has that id, whose name they bear. */
function locksOf(source: LegacySource) {
  const locks = [...Array.from(source.workflows(), (workflow) => workflow.locks).flat(), ...source.locks()];
  const byWorkflow = new Map<string, LegacyRecord[]>();
  const owners = new Map<string, string>();
  const wanted = new Set(locks.map(({ row }) => textOfCell(row.name)));
  for (const { workflow } of wanted.size > 0 ? source.workflows() : []) {
    const [id, name] = [textOfCell(workflow.row.id), textOfCell(workflow.row.name)];
    if (wanted.has(id)) owners.set(id, workflow.id);
    if (wanted.has(name) && !owners.has(name)) owners.set(name, workflow.id);
  }
  const stray = locks.filter((lock) => {
    const owner = owners.get(textOfCell(lock.row.name));
    if (owner !== undefined) byWorkflow.set(owner, [...(byWorkflow.get(owner) ?? []), lock]);
    return owner === undefined;
  });
  return { byWorkflow, stray };
}

/** What a verification reads beside the rows. */
interface Against {
  readonly store: EventStore;
  readonly finder: StackFinder;
  readonly entries: Entries;
  readonly migration: string | undefined;
}

/** @param locks the rows of `locks` that name this workflow */
async function verifyWorkflow(
  workflow: LegacyWorkflow,
  locks: readonly LegacyRecord[],
  against: Against,
): Promise<StackVerification> {
  const { store, finder, entries } = against;
  const { resources, outputs, versions, drift, tags, activity } = workflow;
  const records = [workflow.workflow, ...resources, ...outputs, ...versions, ...drift, ...tags, ...activity, ...locks];
  const { id: cell = null } = workflow.workflow.row;
  const id = textOfCell(cell);
  const isRepaired = entries.get(`workflow_states/${workflow.workflow.id}`) === 'repaired';
  const target = (await finder.byId(id)) ?? (isRepaired ? await finder.byRow(jsonOfCell(cell)) : undefined);
  const content = sourceContent(workflow, locks, entries, (target && locksTakenAt(target)) ?? '');
  const said = target ? await targetContent(store, target, content.past, content.called) : [];
  const old = await compareVersions(content.versions, target, store);
  const sides = {
    source: [...content.items.filter((item) => !isForeignTag(item, target, said)), ...old.source],
    target: [...said, ...old.target],
    inside: old.differences,
    records,
    leftOut: records,
  };
  return compare(id, target, sides, against);
}

/** A tag that somebody else had given the stack already: the migration found nothing to do. */
const isForeignTag = ({ kind, key }: Item, target: TargetStack | undefined, said: readonly TargetItem[]): boolean =>
  kind === 'tag' &&
  (target?.foreignTags.has(key) ?? false) &&
  !said.some((item) => item.kind === 'tag' && item.key === key);

/** What belongs to no workflow: `state`, and locks. Undefined where there is none. */
async function sharedStack(
  state: readonly LegacyRecord[],
  stray: readonly LegacyRecord[],
  against: Against,
): Promise<StackVerification | undefined> {
  const { store, finder, entries } = against;
  const records = [...state, ...stray];
  if (records.length === 0) return undefined;
  const target = await finder.byId(SHARED_STACK);
  const source = [...stateItems(state, entries), ...strayLockItems(stray, entries)];
  const said = target ? await sharedContent(store, target) : [];
  // Of the locks all are compared: all of them are repaired, and all in one way.
  return compare(SHARED_STACK, target, { source, target: said, inside: [], records, leftOut: state }, against);
}

/** Compares each old version with the state at the version it became. */
async function compareVersions(versions: readonly SourceVersion[], target: TargetStack | undefined, store: EventStore) {
  const rest = target ? await targetVersions(store, target) : [];
  const result = { source: [] as Item[], target: [] as TargetItem[], differences: [] as string[] };
  for (const { serial, item, content } of versions) {
    const at = rest.findIndex((version) => version.item.key === serial);
    const [found] = at < 0 ? [] : rest.splice(at, 1);
    if (!target || !found) {
      result.source.push(item);
      continue;
    }
    const wanted = content();
    const { same, missing, unexpected } = match(wanted, await contentAt(store, target, found.version));
    result.source.push(
      withContent(
        item,
        wanted.map((one) => lineOf(one)),
      ),
    );
    result.target.push(
      withContent(
        found.item,
        [...same, ...unexpected].map(({ line }) => line),
      ),
    );
    result.differences.push(...inWords(missing, unexpected).map((words) => `${item.label}: ${words}`));
  }
  result.target.push(...rest.map(({ item }) => item));
  return result;
}

const withContent = <T extends Item>(item: T, lines: readonly string[]): T => ({
  ...item,
  fields: new Map([...item.fields, [CONTENT, JSON.stringify(digest(lines))]]),
});

interface Sides {
  readonly source: readonly Item[];
  readonly target: readonly TargetItem[];
  /** Differences inside of versions. */
  readonly inside: readonly string[];
  readonly records: readonly LegacyRecord[];
  /** Those that are left out where they have an entry. */
  readonly leftOut: readonly LegacyRecord[];
}

async function compare(
  workflow: string,
  target: TargetStack | undefined,
  sides: Sides,
  { store, entries, migration }: Against,
): Promise<StackVerification> {
  const { same, missing, unexpected } = match(sides.source, sides.target);
  const isAccounted = accounts(sides.leftOut, entries, migration);
  const extra: Line[] = [];
  for (const one of unexpected) if (!(await isAccounted(one.item, store))) extra.push(one);
  const accounted = unexpected.filter((one) => !extra.includes(one));
  const said = [...same, ...extra];
  const source = digest(sides.source.map((item) => lineOf(item)));
  const found = digest(said.map(({ line }) => line));
  const outcome = (wanted: string): number =>
    sides.records.filter(({ table, id }) => entries.get(`${table}/${id}`) === wanted).length;
  return {
    workflow,
    stack: target?.stack.id ?? null,
    source: { ...countsOf(sides.source), hash: source },
    target: { ...countsOf(said.map(({ item }) => item)), hash: found },
    repaired: outcome('repaired'),
    rejected: outcome('rejected'),
    equal: source === found,
    differences: [...inWords(missing, extra, accounted), ...sides.inside].slice(0, SHOWN),
  };
}

function countsOf(items: readonly Item[]): Counts {
  const count = (wanted: Kind): number => items.filter(({ kind }) => kind === wanted).length;
  return {
    resources: count('resource'),
    outputs: count('output'),
    versions: count('version'),
    tags: count('tag'),
    drift: count('drift'),
    activity: count('activity'),
    locks: count('lock'),
  };
}
