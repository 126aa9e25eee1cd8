import { decodeEvent, type LogHead, type StoredEvent } from '../../src/events/index.js';
import { checkedLog, checkFollowing, refuseFilled } from '../../src/store/checked-log.js';
import type { Projection } from '../../src/store/event-store.js';
import type { OnProgress, ProjectionStatus, RebuildOptions, Rebuilt } from '../../src/store/maintenance.js';
import { projectorsNamed } from '../../src/store/projectors-named.js';
import { appendEvents, emptyLog, headOf, type MemoryLog } from './log.js';
import type { MemoryState } from './state.js';
import { applyChanges, emptyTables, type MemoryTables } from './tables.js';

/** The tables are written with the events, so no projection ever lags behind. */
export const projectionStates = ({ log, tables }: MemoryState, { projectors }: Projection): ProjectionStatus[] =>
  projectors.map(({ name, version, tables: own }) => ({
    name,
    version,
    wanted: version,
    position: headOf(log).position,
    lag: 0,
    tables: own.map((table) => ({ name: table, rows: tables[table].size })),
    rebuilding: null,
  }));

/** The tables that the log produces; of the named projectors only, or of all. */
export function projected(log: MemoryLog, projection: Projection, only?: ReadonlySet<string>): MemoryTables {
  const tables = emptyTables();
  applyChanges(
    tables,
    projection.project(
      log.events.map((event) => decodeEvent(event)),
      only,
    ),
  );
  return tables;
}

export function rebuild(state: MemoryState, projection: Projection, options: RebuildOptions): Rebuilt {
  const chosen = projectorsNamed(projection.projectors, options.names);
  const { position } = headOf(state.log);
  const names = chosen.map(({ name }) => name);
  const fresh = projected(state.log, projection, new Set(names));
  const own = chosen.flatMap(({ tables }) => tables.map((table) => [table, fresh[table]] as const));
  state.tables = { ...state.tables, ...Object.fromEntries(own) };
  options.onProgress?.({ done: position, total: position });
  return { projections: names, events: position, position };
}

export function extendLog(state: MemoryState, projection: Projection, events: readonly StoredEvent[]): LogHead {
  checkFollowing(events, headOf(state.log));
  const changes = projection.project(events.map((event) => decodeEvent(event)));
  appendEvents(state.log, events);
  applyChanges(state.tables, changes);
  return headOf(state.log);
}

export function importLog(
  state: MemoryState,
  projection: Projection,
  events: Iterable<StoredEvent>,
  head: Pick<LogHead, 'position' | 'hash'>,
  onProgress?: OnProgress,
): LogHead {
  refuseFilled(headOf(state.log).position);
  const log = emptyLog();
  for (const event of checkedLog(events, head)) appendEvents(log, [event]);
  const tables = projected(log, projection);
  state.log = log;
  state.tables = tables;
  onProgress?.({ done: head.position, total: head.position });
  return headOf(log);
}
