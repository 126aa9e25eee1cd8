import {
  CHANGE_TYPES,
  changedKind,
  type EventData,
  type EventType,
  readData,
  resourceAddress,
  type StoredData,
} from '../events/index.js';
import type { ChangedKeys } from './event-store.js';

/** These types as a list in SQL. */
export const CHANGE_TYPES_SQL = CHANGE_TYPES.map((type) => `'${type}'`).join(', ');

/** The distinct keys that the events changed. */
export function changedKeysOf(events: Iterable<StoredData>): ChangedKeys {
  const addresses = new Set<string>();
  const outputs = new Set<string>();
  const dependencies = new Map<string, readonly [string, string]>();
  for (const event of events) {
    const data = readData(event, CHANGE_TYPES);
    switch (changedKind(event.eventType as EventType)) {
      case 'resource':
        addresses.add(resourceAddress(data as EventData['ResourceRemoved']));
        break;
      case 'output':
        outputs.add((data as EventData['OutputRemoved']).name);
        break;
      case 'dependency': {
        const { address, target } = data as EventData['DependencyRemoved'];
        dependencies.set(`${address}\n${target}`, [address, target]);
      }
    }
  }
  return { addresses: [...addresses].sort(), outputs: [...outputs].sort(), dependencies: [...dependencies.values()] };
}
