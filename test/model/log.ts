import { GENESIS_HASH, isSameCommit, type LogHead, type StoredData, type StoredEvent } from '../../src/events/index.js';
import { IntegrityError } from '../../src/lib/errors.js';

/** The event log: the event at position p is `events[p - 1]`. Append-only. */
export interface MemoryLog {
  readonly events: StoredEvent[];
  /** The same events by their stream, in order. */
  readonly streams: Map<number, StoredEvent[]>;
  /** The positions of the last events of each command id's commits. */
  readonly commands: Map<string, number[]>;
}

export const emptyLog = (): MemoryLog => ({ events: [], streams: new Map(), commands: new Map() });

/** A copy: appending to it does not change this log. */
export const copyLog = ({ events, streams, commands }: MemoryLog): MemoryLog => ({
  events: [...events],
  streams: new Map([...streams].map(([stream, own]) => [stream, [...own]])),
  commands: new Map([...commands].map(([id, lasts]) => [id, [...lasts]])),
});

/** Stores frozen copies, so that no holder of an event can change history. Cannot fail part-way. */
export function appendEvents(log: MemoryLog, events: readonly StoredEvent[]): void {
  for (const event of events) {
    const kept = Object.freeze({ ...event });
    log.events.push(kept);
    const stream = log.streams.get(event.stream);
    if (stream) stream.push(kept);
    else log.streams.set(event.stream, [kept]);
    addToCommand(log, kept);
  }
}

function addToCommand({ events, commands }: MemoryLog, event: StoredEvent): void {
  const lasts = commands.get(event.commandId);
  const before = events[event.position - 2];
  if (!lasts) commands.set(event.commandId, [event.position]);
  else if (before && isSameCommit(before, event)) lasts[lasts.length - 1] = event.position;
  else lasts.push(event.position);
}

export function headOf({ events }: MemoryLog): LogHead {
  const last = events[events.length - 1];
  return last
    ? { position: last.position, hash: last.hash, recordedAt: last.recordedAt }
    : { position: 0, hash: GENESIS_HASH, recordedAt: null };
}

/** @throws IntegrityError for a position without an event: the row is damaged */
export function eventAt({ events }: MemoryLog, position: number): StoredEvent {
  const event = events[position - 1];
  if (!event) throw new IntegrityError('EVENT_MISSING', `a row points to position ${position}, the log has none such`);
  return event;
}

/** The event that holds a value. */
export function valueAt(log: MemoryLog, position: number): StoredEvent & StoredData {
  const event = eventAt(log, position);
  return { ...event, eventType: event.type };
}
