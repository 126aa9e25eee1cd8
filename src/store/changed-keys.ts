import { CHANGE_TYPES, changedKind, type EventType, readData, resourceAddress } from '../events/index.js';
import type { ChangedKeys } from './event-store.js';

export interface ChangeEvent {
  readonly type: EventType;
  readonly data: string;
}

/** These types as a list in SQL. */
export const CHANGE_TYPES_SQL = CHANGE_TYPES.map((type) => `'${type}'`).join(', ');

/** The distinct keys that the events changed. */
export function changedKeysOf(events: Iterable<ChangeEvent>): ChangedKeys {
  const addresses = new Set<string>();
  const outputs = new Set<string>();
  const dependencies = new Map<string, readonly [string, string]>();
  for (const { type, data } of events) {
    switch (changedKind(type)) {
      case 'resource':
        addresses.add(resourceAddress(readData(type as 'ResourceUpdated', data)));
        break;
      case 'output':
        outputs.add(readData(type as 'OutputSet', data).name);
        break;
      case 'dependency': {
        const { address, target } = readData(type as 'DependencyRemoved', data);
        dependencies.set(`${address}\n${target}`, [address, target]);
      }
    }
  }
  return { addresses: [...addresses].sort(), outputs: [...outputs].sort(), dependencies: [...dependencies.values()] };
}
