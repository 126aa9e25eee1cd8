import { type EventType, readData, resourceAddress } from '../events/index.js';
import type { Touched } from './event-store.js';

/** The events that say that something of a stack's state is another now. */
export const TOUCHING = [
  'ResourceCreated',
  'ResourceUpdated',
  'ResourceRemoved',
  'OutputSet',
  'OutputRemoved',
  'DependencyAdded',
  'DependencyRemoved',
] as const satisfies readonly EventType[];

export interface TouchingEvent {
  readonly type: (typeof TOUCHING)[number];
  readonly data: string;
}

/** Their types, as a list in SQL. */
export const TOUCHING_TYPES = TOUCHING.map((type) => `'${type}'`).join(', ');

/** What such events are about; each once, however many there are. */
export function touchedBy(events: Iterable<TouchingEvent>): Touched {
  const addresses = new Set<string>();
  const outputs = new Set<string>();
  const dependencies = new Map<string, readonly [string, string]>();
  for (const { type, data } of events) {
    if (type === 'OutputSet' || type === 'OutputRemoved') outputs.add(readData(type, data).name);
    else if (type === 'DependencyAdded' || type === 'DependencyRemoved') {
      const { address, target } = readData(type, data);
      dependencies.set(`${address}\n${target}`, [address, target]);
    } else addresses.add(resourceAddress(readData(type, data)));
  }
  return { addresses: [...addresses].sort(), outputs: [...outputs].sort(), dependencies: [...dependencies.values()] };
}
