import { decodeEvent, isKnown, type Origin, type RecordedEvent, resourceAddress } from '../../src/events/index.js';
import { isJsonObject, type Json, type JsonObject, own } from '../../src/lib/json.js';
import type { EventStore } from '../../src/store/event-store.js';
import type { ExecutionRecord, ResourceRecord, StackRecord } from '../../src/store/records.js';
import { canonical } from './canonical.js';
import { earlier, type Kind, resourceKey, type TargetItem } from './items.js';

/** The source that the events of a migration name in their `meta`. */
const MIGRATION = 'migration';

type Signal = RecordedEvent<(typeof SIGNALS)[number]>;
const SIGNALS = [
  'StackCreated',
  'StackUpdated',
  'ExecutionStarted',
  'TagAdded',
  'DriftDetected',
  'DriftCleared',
  'ActivityRecorded',
  'LockAcquired',
  'LockRenewed',
] as const;

/** A stack of the target, as far as migrations made it. */
export interface TargetStack {
  readonly stack: StackRecord;
  /** The last state version that a migration made: what came after is not the migration's. */
  readonly version: number;
  /** Oldest first; only those of migrations. */
  readonly signals: readonly Signal[];
  /** Tags that somebody else gave it. */
  readonly foreignTags: ReadonlySet<string>;
  /** The values of its resources, each read once for all versions that have it; by position. */
  readonly values: Map<number, TargetItem>;
}

type Fields = Record<string, string | undefined>;

const text = (value: string): string => JSON.stringify(value);

const itemOf = (kind: Kind, key: string, label: string, position: number, fields: Fields): TargetItem => ({
  kind,
  key,
  label,
  position,
  fields: new Map(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)),
});

const PAGE = 500;

async function* eventsOf(store: EventStore, stream: number, types: readonly string[]) {
  for (let after = 0; ; ) {
    const page = await store.events({ stream, types, after, limit: PAGE });
    for (const stored of page) {
      const event = decodeEvent(stored);
      if (isKnown(event)) yield event;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.position;
  }
}

/** Finds the stack that a migration made of a workflow, deleted or not. */
export interface StackFinder {
  byId(id: string): Promise<TargetStack | undefined>;
  /** Where the workflow's id could not be the stack's: by the row it was made of. */
  byRow(id: Json): Promise<TargetStack | undefined>;
}

export function stackFinder(store: EventStore): StackFinder {
  let rows: Promise<ReadonlyMap<string, string>> | undefined;
  const byId = (id: string) => targetStack(store, id);
  return {
    byId,
    byRow: async (id) => {
      rows ??= stacksByRow(store);
      const stack = (await rows).get(canonical(id));
      return stack === undefined ? undefined : byId(stack);
    },
  };
}

/** Ids of the migrated stacks whose workflow had another id, by that. */
async function stacksByRow(store: EventStore): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { id, stream } of [
    ...(await store.read((s) => s.stacks({}, ''))),
    ...(await store.read((s) => s.stacks({ deleted: true }, ''))),
  ]) {
    const version = await migratedVersion(store, stream);
    const origin =
      version === undefined ? null : (await store.read((s) => s.document(stream, version))).document.origin;
    const row = origin && own(origin.header, 'row');
    const was = isJsonObject(row) ? own(row, 'id') : undefined;
    if (was !== undefined && was !== id) found.set(canonical(was), id);
  }
  return found;
}

async function targetStack(store: EventStore, id: string): Promise<TargetStack | undefined> {
  const stack = await store.read((s) => s.stack(id, { deleted: true }));
  if (stack?.id !== id) return undefined;
  const version = await migratedVersion(store, stack.stream);
  if (version === undefined) return undefined;
  const signals: Signal[] = [];
  const foreignTags = new Set<string>();
  for await (const event of eventsOf(store, stack.stream, SIGNALS)) {
    if (event.meta.source === MIGRATION) signals.push(event as Signal);
    else if (event.type === 'TagAdded') foreignTags.add(event.data.tag);
  }
  return { stack, version, signals, foreignTags, values: new Map() };
}

async function migratedVersion(store: EventStore, stream: number): Promise<number | undefined> {
  for (const { firstPosition, version } of await store.read((s) => s.commits(stream, { raised: true }))) {
    const event = await eventAt(store, firstPosition);
    if (event?.meta.source === MIGRATION) return version;
  }
  return undefined;
}

const eventAt = async (store: EventStore, position: number) => {
  const [stored] = await store.events({ after: position - 1, upTo: position, limit: 1 });
  return stored && decodeEvent(stored);
};

/** The migration that an event came by. */
export const migrationOf = async (store: EventStore, position: number): Promise<string | undefined> =>
  (await eventAt(store, position))?.meta.imported?.migration;

/** When the first of the migrations ran that took a lock of the stack; undefined where none did. */
export const locksTakenAt = ({ signals }: TargetStack): string | undefined =>
  signals.find((event) => event.type === 'LockAcquired' || isNote(event, 'lock'))?.meta.imported?.at;

/** All that was migrated, at the version the migration left, but the old versions. */
export async function targetContent(
  store: EventStore,
  target: TargetStack,
  past: readonly string[],
  called: (id: string) => string,
): Promise<TargetItem[]> {
  const resources = await store.read((s) => s.resources(target.stack.stream, target.version));
  return [
    await workflowItem(store, target),
    ...resources.map((record) => resourceItem(record, target)),
    ...(await outputs(store, target.stack.stream, target.version)),
    ...(await Promise.all(past.map((address) => history(store, target.stack.stream, address)))).flat(),
    ...signalItems(target, oldIds(resources), called),
  ];
}

async function workflowItem(store: EventStore, target: TargetStack): Promise<TargetItem> {
  const { stack, version, signals } = target;
  const { document } = await store.read((s) => s.document(stack.stream, version));
  const created = signals.find(({ type }) => type === 'StackCreated');
  const { origin } = document;
  const row = origin && own(origin.header, 'row');
  return itemOf('workflow', '', `stack ${stack.id}`, created?.position ?? stack.stream, {
    name: text(document.name),
    status: text(document.status),
    version: text(document.version),
    metadata: canonical(document.metadata),
    created_at: created && text(created.recordedAt),
    ...(origin && { serial: canonical(origin.serial), format: text(origin.format), lineage: text(origin.lineage) }),
    'the row': row === undefined || row === null ? undefined : canonical(row),
    ...executionFields(await lastExecution(store, target, document.status)),
  });
}

/** The last execution a migration started; that of an earlier state is none of a workflow that waits again. */
async function lastExecution(store: EventStore, { stack, signals }: TargetStack, status: string) {
  const started = signals.findLast((event) => event.type === 'ExecutionStarted');
  const earlier = signals.filter((event) => event.type === 'StackUpdated' && saysRow(event.data.origin)).at(-2);
  if (!started || (status === 'pending' && started.position < (earlier?.position ?? 0))) return undefined;
  const { executionId } = (started as RecordedEvent<'ExecutionStarted'>).data;
  return (await store.read((s) => s.executions(stack.stream, Number.MAX_SAFE_INTEGER))).find(
    ({ id }) => id === executionId,
  );
}

/** Whether it belongs to a commit that took in a workflow as it was then, not one of its old versions. */
const saysRow = (origin: Origin | null): boolean => origin !== null && own(origin.header, 'row') !== undefined;

function executionFields(execution: ExecutionRecord | undefined): Fields {
  if (!execution) return { execution: text('none') };
  const { status, startedAt, completedAt, duration, error } = execution;
  return {
    execution: text(status),
    started_at: text(startedAt),
    completed_at: completedAt === null ? undefined : text(completedAt),
    duration_seconds: duration === null ? undefined : canonical(duration),
    error_msg: error === null ? undefined : text(error),
  };
}

type Value = Pick<ResourceRecord, 'id' | 'module' | 'type' | 'name' | 'position' | 'value'>;

/** What the old system called a resource: its id, or what its metadata say where it could not have that. */
const oldId = ({ id, value }: Pick<Value, 'id' | 'value'>): string => {
  const said = isJsonObject(value.metadata) ? own(value.metadata, 'id') : undefined;
  return typeof said === 'string' ? said : id;
};

const oldIds = (records: readonly ResourceRecord[]): ReadonlyMap<string, string> =>
  new Map(records.map((record) => [record.id, oldId(record)]));

function resourceItem(record: ResourceRecord, { values }: TargetStack): TargetItem {
  const known = values.get(record.position);
  if (known) return known;
  const item = valueItem(record, resourceKey(record.type, record.name));
  values.set(record.position, item);
  return item;
}

function valueItem({ id, module, type, name, position, value }: Value, key: string): TargetItem {
  const metadata: JsonObject = isJsonObject(value.metadata) ? value.metadata : { metadata: value.metadata as Json };
  const others = Object.keys(metadata).filter((field) => field !== 'id');
  const old = oldId({ id, value });
  const item = itemOf('resource', key, `resource ${resourceAddress({ module, type, name })}`, position, {
    ...Object.fromEntries(others.map((field) => [field, canonical(metadata[field] as Json)])),
    id: text(old),
    type: text(type),
    name: text(name),
    status: text(value.state),
    attributes: canonical(value.properties),
    'other columns': canonical(others.sort()),
    'last applied': value.lastApplied === null ? undefined : text(value.lastApplied),
    'what no row says': canonical([module, value.dependencies, value.errorMessage]),
  });
  return { ...item, names: [id, old] };
}

/** All values that a resource had. */
async function history(store: EventStore, stream: number, address: string): Promise<TargetItem[]> {
  return (await store.read((s) => s.resourceHistory(stream, address))).flatMap((stored): TargetItem[] => {
    const event = decodeEvent(stored);
    if (!isKnown(event) || (event.type !== 'ResourceCreated' && event.type !== 'ResourceUpdated')) return [];
    const { position, data } = event;
    const { resource = position, id = `res-${resource}`, module, type, name, ...value } = data;
    return [
      { ...valueItem({ id, module, type, name, position, value }, earlier(resourceKey(type, name))), optional: true },
    ];
  });
}

const outputs = async (store: EventStore, stream: number, version: number): Promise<TargetItem[]> =>
  (await store.read((s) => s.outputs(stream, version))).map(({ name, value, sensitive, metadata, position }) =>
    itemOf('output', name, `output ${name}`, position, {
      value: canonical(value),
      'what no row says': canonical([sensitive, metadata]),
    }),
  );

/** Whether it is an entry in the history that stands for a row of another table than that of activity. */
const isNote = (event: Signal, action: string): event is RecordedEvent<'ActivityRecorded'> =>
  event.type === 'ActivityRecorded' && event.data.action === action && isJsonObject(event.data.details);

function signalItems(
  { signals }: TargetStack,
  ids: ReadonlyMap<string, string>,
  called: (id: string) => string,
): TargetItem[] {
  const resource = (id: string): string => text(called(ids.get(id) ?? id));
  /** A finding that takes the place of another is one row, though it clears the other. */
  const found = new Set(signals.filter(({ type }) => type === 'DriftDetected').map(({ commandId }) => commandId));
  /** A later run lets a lock run on that an earlier one took. */
  const renewals = signals.filter((event) => event.type === 'LockRenewed');
  return signals.flatMap((event): TargetItem[] => {
    const { position, recordedAt, meta } = event;
    const at = text(recordedAt);
    switch (event.type) {
      case 'TagAdded':
        return [itemOf('tag', event.data.tag, `tag ${event.data.tag}`, position, { created_at: at })];
      case 'DriftDetected': {
        const { resourceId, expected, actual } = event.data;
        const said = { expected: canonical(expected), actual: canonical(actual) };
        const fields = { detected_at: at, resource_id: resource(resourceId), ...said };
        return [itemOf('drift', 'found', `finding ${position}`, position, fields)];
      }
      case 'DriftCleared': {
        if (found.has(event.commandId)) return [];
        const fields = { detected_at: at, resource_id: resource(event.data.resourceId) };
        return [itemOf('drift', 'cleared', `end of finding ${event.data.finding}`, position, fields)];
      }
      case 'LockAcquired': {
        const { who } = event.data;
        const { expiresAt } = renewals.findLast(({ data: { token } }) => token === position)?.data ?? event.data;
        return [
          itemOf('lock', 'taken', `lock ${position}`, position, { holder: text(who), expires_at: text(expiresAt) }),
        ];
      }
      case 'ActivityRecorded': {
        const { action, details } = event.data;
        const label = `activity ${position}`;
        const row = canonical(details);
        if (isNote(event, 'lock')) return [itemOf('lock', 'noted', label, position, { 'the row': row })];
        if (isNote(event, 'drift')) {
          const fields = { detected_at: at, 'the row': row };
          return [itemOf('drift', 'noted', label, position, fields)];
        }
        const fields = { action: text(action), details: row, created_by: text(meta.actor), created_at: at };
        return [{ ...itemOf('activity', '', label, position, fields), names: [action] }];
      }
      default:
        return [];
    }
  });
}

/** An old version as it was taken in, and the state version it became. */
export interface TargetVersion {
  readonly version: number;
  readonly item: TargetItem;
}

/** By the number it had there. */
export async function targetVersions(store: EventStore, target: TargetStack): Promise<TargetVersion[]> {
  const versions: TargetVersion[] = [];
  for (const event of target.signals) {
    if (event.type !== 'StackUpdated') continue;
    const { origin } = event.data;
    const row = origin?.version === event.version ? own(origin.header, 'version') : undefined;
    if (!origin || row === undefined) continue;
    const { document } = await store.read((s) => s.document(target.stack.stream, event.version));
    versions.push({ version: event.version, item: versionItem(event, origin, row, document) });
  }
  return versions;
}

function versionItem(
  { position, recordedAt, meta }: Signal,
  { serial, header }: Origin,
  row: Json,
  { status, metadata }: { readonly status: string; readonly metadata: Json },
): TargetItem {
  const others = own(header, 'state');
  return itemOf('version', canonical(serial), `old version ${serial}`, position, {
    created_at: text(recordedAt),
    created_by: text(meta.actor),
    description: text(meta.reason ?? ''),
    'the row': canonical(row),
    'the other fields of its state': others === undefined ? undefined : canonical(others),
    'state.status': text(status),
    'state.metadata': canonical(metadata),
  });
}

/** What the target held at a version. */
export async function contentAt(store: EventStore, target: TargetStack, version: number): Promise<TargetItem[]> {
  const { stream } = target.stack;
  const resources = await store.read((s) => s.resources(stream, version));
  return [...resources.map((record) => resourceItem(record, target)), ...(await outputs(store, stream, version))];
}

/** The stack of what belonged to no workflow: its outputs with their times, and notes. */
export async function sharedContent(store: EventStore, target: TargetStack): Promise<TargetItem[]> {
  const { stream } = target.stack;
  const set = new Map<number, string>();
  for await (const event of eventsOf(store, stream, ['OutputSet'])) set.set(event.position, event.recordedAt);
  const values = await outputs(store, stream, target.version);
  return [
    ...values.map((item) => {
      const at = set.get(item.position);
      return { ...item, fields: new Map([...item.fields, ...(at ? [['updated_at', text(at)] as const] : [])]) };
    }),
    ...signalItems(target, new Map(), (id) => id),
  ];
}
