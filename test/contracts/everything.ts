import { EVENT_TYPES } from '../../src/events/index.js';
import type { EventFilter, EventStore } from '../../src/store/event-store.js';
import type { StackRecord } from '../../src/store/records.js';
import type { Reads } from '../../src/store/snapshot.js';
import { reads } from '../support/reads.js';

/** Methods that only read, and return the same for the same log in any store. */
type Read = keyof Reads | 'page' | 'size' | 'projections' | 'compareTables';

/** These read the whole store, the others one stream. */
type StoreRead =
  | 'head'
  | 'events'
  | 'eventSizes'
  | 'page'
  | 'size'
  | 'checkpoints'
  | 'stack'
  | 'stackOfName'
  | 'stacks'
  | 'projections'
  | 'compareTables'
  | 'commitOf';
type StreamRead = Exclude<Read, StoreRead>;

/** Results of a read, by its arguments. */
type Answers = Readonly<Record<string, unknown>>;

const NEVER = '1999-01-01T00:00:00.000Z';

/** Calls a read with each of the arguments, and keeps the results by them. */
async function ask<A extends unknown[]>(
  read: (...args: A) => Promise<unknown>,
  all: readonly Readonly<A>[],
): Promise<Answers> {
  const answers: Record<string, unknown> = {};
  for (const args of all) answers[JSON.stringify(args)] = await read(...args);
  return answers;
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const each = <A, B>(as: readonly A[], bs: readonly B[]): (readonly [A, B])[] =>
  as.flatMap((a) => bs.map((b) => [a, b] as const));

/**
 * Every read of the port with every argument that makes sense for the store's content: each stack, each version, each
 * address ever used, each time, each position, and some that do not exist. A new read of the port does not compile until it
 * is called here.
 */
export async function everything(store: EventStore): Promise<Readonly<Record<Read, unknown>>> {
  const read = reads(store);
  const log = await store.events({ limit: -1 });
  const live = await read.stacks({});
  const all = [...live, ...(await read.stacks({ deleted: true }))];
  const wide: { readonly [R in StoreRead]: unknown } = {
    head: await store.head(),
    events: await ask(store.events, filters(log)),
    eventSizes: await ask(read.eventSizes, filters(log)),
    page: await ask(store.page, filters(log)),
    size: await ask(store.size, [
      ...(['stacks', 'events'] as const).map((of) => [of, 10_000] as const),
      ...unique([999_999, ...all.map(({ stream }) => stream)]).flatMap((stream) =>
        (['state', 'events'] as const).map((part) => [{ stream, part }, 10_000] as const),
      ),
    ]),
    checkpoints: await store.checkpoints(),
    stack: await ask(
      read.stack,
      each(unique(['missing', ...all.flatMap(({ id, name }) => [id, name])]), [undefined, {}, { deleted: true }]),
    ),
    stackOfName: await ask(
      read.stackOfName,
      each(unique(['missing', ...all.flatMap(({ id, name }) => [id, name])]), [undefined, {}, { deleted: true }]),
    ),
    stacks: await ask(
      (filter: Parameters<Reads['stacks']>[0]) => read.stacks(filter),
      [
        ...[{}, { deleted: false }, { deleted: true }, { tags: [] }, { status: 'missing' }].map(
          (one) => [one] as const,
        ),
        ...unique(all.map(({ status }) => status)).map((status) => [{ status }] as const),
        ...unique(live.flatMap(({ tags }) => tags)).map((tag) => [{ tags: [tag, 'a'] }] as const),
      ],
    ),
    commitOf: await ask(
      read.commitOf,
      unique(['missing', ...log.map(({ commandId }) => commandId)]).map((id) => [id] as const),
    ),
    projections: [...(await store.projections())].sort((a, b) => (a.name < b.name ? -1 : 1)),
    compareTables: await ask(store.compareTables, [[{}], ...all.map(({ stream }) => [{ stream }] as const)]),
  };
  const ofStreams: { readonly [stream: number]: Readonly<Record<StreamRead, unknown>> } = Object.fromEntries(
    await Promise.all(
      [...all, { ...(all[0] as StackRecord), stream: 999_999 }].map(async (stack) => [
        stack.stream,
        await everythingOf(store, stack),
      ]),
    ),
  );
  const byRead = (read: StreamRead): Answers =>
    Object.fromEntries(Object.entries(ofStreams).map(([stream, answers]) => [stream, answers[read]]));
  const streamReads = Object.keys(ofStreams[999_999] ?? {}) as StreamRead[];
  return { ...wide, ...Object.fromEntries(streamReads.map((read) => [read, byRead(read)])) } as Record<Read, unknown>;
}

type Log = Awaited<ReturnType<EventStore['events']>>;

function filters(log: Log): (readonly [EventFilter])[] {
  const limit = 10_000;
  const streams = unique(log.map(({ stream }) => stream));
  const times = unique(log.map(({ recordedAt }) => recordedAt));
  const signals = EVENT_TYPES.filter((type) => /^(Tag|Lock|Drift)/.test(type));
  const some: Omit<EventFilter, 'limit'>[] = [
    {},
    { descending: true },
    { stream: 999_999 },
    { types: [] },
    { types: signals },
    { actor: 'missing' },
    { since: NEVER },
    { until: NEVER },
    ...EVENT_TYPES.map((type) => ({ types: [type] })),
    ...['test', 'ana'].map((actor) => ({ actor })),
    ...times.flatMap((time) => [{ since: time }, { until: time, descending: true }]),
    ...streams.flatMap((stream) => [
      { stream },
      { stream, descending: true },
      { stream, types: signals },
      { stream, types: signals, descending: true },
      { stream, types: signals, actor: 'ana' },
      { stream, types: ['ResourceCreated', 'TagAdded'], after: 8, upTo: 40 },
      { stream, since: times[5] ?? NEVER, until: times[20] ?? NEVER, actor: 'test' },
    ]),
    { after: 3, upTo: 9 },
    { after: 3, upTo: 9, descending: true },
  ];
  return [
    ...some.map((filter) => ({ ...filter, limit })),
    ...[0, 1, 3].flatMap((n) => [{ limit: n }, { limit: n, descending: true }]),
  ].map((filter) => [filter] as const);
}

async function everythingOf(store: EventStore, stack: StackRecord): Promise<Readonly<Record<StreamRead, unknown>>> {
  const { stream, stateVersion = 0 } = stack;
  const read = reads(store);
  const log = await store.events({ stream, limit: -1 });
  const changed = await read.changedKeys(stream, 0, stateVersion);
  const versions = numbers(0, stateVersion + 1);
  const orNow = [undefined, ...versions];
  const here = <A extends readonly unknown[]>(rest: readonly A[]) => rest.map((args) => [stream, ...args] as const);
  const addresses = [...changed.addresses, 'missing.one'];
  const ids = (await Promise.all(versions.map((version) => read.resources(stream, version))))
    .flat()
    .map(({ id }) => id);
  const numbered = log.map(({ position }) => `res-${position}`);
  return {
    document: await ask(read.document, here(orNow.map((version) => [version]))),
    resourcesOf: await ask(read.resourcesOf, here(each([[], addresses, addresses.slice(1)], orNow))),
    addressesOf: await ask(read.addressesOf, here([[[]], [unique(['missing', 'res-0', ...ids, ...numbered])]])),
    resources: await ask(read.resources, [
      ...here(orNow.map((version) => [version] as const)),
      ...here(
        each(orNow, each(['', ...addresses, '\u{10ffff}'], [1, 2, 10_000])).map(
          ([version, [after, limit]]) => [version, { after, limit }] as const,
        ),
      ),
    ]),
    resourceHistory: await ask(read.resourceHistory, here(addresses.map((address) => [address]))),
    outputs: await ask(read.outputs, here(orNow.map((version) => [version]))),
    outputsOf: await ask(read.outputsOf, here(each([[], [...changed.outputs, 'missing']], orNow))),
    dependencies: await ask(read.dependencies, here(orNow.map((version) => [version]))),
    dependenciesOf: await ask(
      read.dependenciesOf,
      here(each([[], [...changed.dependencies, ['x', 'y'] as const]], orNow)),
    ),
    nodes: await ask(read.nodes, here(orNow.map((version) => [version]))),
    edges: await ask(read.edges, here(orNow.map((version) => [version]))),
    changedKeys: await ask(read.changedKeys, here(each(versions, versions))),
    commit: await ask(read.commit, here(versions.map((version) => [version]))),
    commits: await ask(
      read.commits,
      here([
        ...[undefined, {}, { raised: true }, { raised: false }, { limit: 0 }, { limit: 2 }].map(
          (one) => [one] as const,
        ),
        ...versions.flatMap((upTo) => [[{ upTo }] as const, [{ upTo, raised: true, limit: 1 }] as const]),
      ]),
    ),
    moment: await ask(
      read.moment,
      here([
        ...versions.map((version) => [{ version }] as const),
        ...unique([NEVER, ...log.map(({ recordedAt }) => recordedAt)]).map((time) => [{ time }] as const),
        ...[0, ...log.map(({ position }) => position)].map((position) => [{ position }] as const),
      ]),
    ),
    snapshots: await ask(read.snapshots, here([[]])),
    executions: await ask(read.executions, here([[0], [1], [100]])),
    lock: await ask(read.lock, here([[]])),
    tags: await ask(read.tags, here([[]])),
    drifted: await ask(read.drifted, here([[]])),
    drift: await ask(read.drift, here([[]])),
    driftRules: await ask(read.driftRules, here([[]])),
  };
}
