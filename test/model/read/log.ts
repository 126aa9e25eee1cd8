import type { EventMeta, StoredEvent } from '../../../src/events/index.js';
import { parseStoredObject } from '../../../src/lib/json.js';
import type { EventFilter, EventSize } from '../../../src/store/snapshot.js';
import type { MemoryLog } from '../log.js';
import { limited } from './rows.js';

const actorOf = ({ meta }: StoredEvent): string => parseStoredObject<EventMeta>(meta).actor;

export const sizeOf = ({ position, data, meta }: StoredEvent): EventSize => ({
  position,
  bytes: Buffer.byteLength(data) + Buffer.byteLength(meta),
});

export function readEvents(log: MemoryLog, filter: EventFilter): StoredEvent[] {
  const { after = 0, upTo = log.events.length, stream, types, since, until, actor, descending, limit } = filter;
  const candidates = stream === undefined ? log.events.slice(Math.max(0, after)) : (log.streams.get(stream) ?? []);
  const found = candidates.filter(
    (event) =>
      event.position > after &&
      event.position <= upTo &&
      (types === undefined || types.includes(event.type)) &&
      (since === undefined || event.recordedAt >= since) &&
      (until === undefined || event.recordedAt <= until) &&
      (actor === undefined || actorOf(event) === actor),
  );
  return limited(descending ? found.reverse() : found, limit);
}
