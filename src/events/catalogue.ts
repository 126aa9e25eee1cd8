import type * as z from 'zod';
import { activityEvents } from './activity.js';
import { driftEvents } from './drift.js';
import { lockEvents } from './lock.js';
import { dependencyEvents, outputEvents, resourceEvents } from './resource.js';
import { executionEvents, stackEvents } from './stack.js';
import { tagEvents } from './tag.js';

/** The current schema of every event type. An older version of a type reaches it through `upcast`. */
export const catalogue = {
  ...stackEvents,
  ...resourceEvents,
  ...outputEvents,
  ...dependencyEvents,
  ...executionEvents,
  ...driftEvents,
  ...lockEvents,
  ...tagEvents,
  ...activityEvents,
};

export type EventType = keyof typeof catalogue;
export type EventData = { readonly [T in EventType]: z.infer<(typeof catalogue)[T]> };

export const EVENT_TYPES = Object.freeze(Object.keys(catalogue)) as readonly EventType[];

export const isEventType = (type: string): type is EventType => Object.hasOwn(catalogue, type);

/** What raises the stack's state version: everything that changes state. Locks, tags, drift findings and snapshots do not. */
const RAISING: ReadonlySet<EventType> = new Set<EventType>([
  ...(Object.keys({ ...resourceEvents, ...outputEvents, ...dependencyEvents, ...executionEvents }) as EventType[]),
  'StackCreated',
  'StackUpdated',
  'StackDeleted',
  'StackRestored',
  'StackRolledBack',
]);

export const raisesVersion = (type: EventType): boolean => RAISING.has(type);
