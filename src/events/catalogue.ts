import type * as z from 'zod';
import { activityEvents } from './activity.js';
import type { Category, ChangedKind } from './define-event.js';
import { driftEvents } from './drift.js';
import { lockEvents } from './lock.js';
import { dependencyEvents, outputEvents, resourceEvents } from './resource.js';
import { executionEvents, stackEvents } from './stack.js';
import { tagEvents } from './tag.js';

/** Every event type, in its current version. An older version of a type reaches it through `upcast`. */
export const definitions = {
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

export type EventType = keyof typeof definitions;
type SchemaOf<T extends EventType> = (typeof definitions)[T]['schema'];
export type EventData = { readonly [T in EventType]: z.infer<SchemaOf<T>> };

export const EVENT_TYPES = Object.freeze(Object.keys(definitions)) as readonly EventType[];

/** The schema of each type. */
export const catalogue = Object.fromEntries(EVENT_TYPES.map((type) => [type, definitions[type].schema])) as {
  readonly [T in EventType]: SchemaOf<T>;
};

export const isEventType = (type: string): type is EventType => Object.hasOwn(definitions, type);

export const raisesVersion = (type: EventType): boolean => definitions[type].raisesVersion;

/** The kind of value that a type changes. */
export const changedKind = (type: EventType): ChangedKind | undefined => definitions[type].changes;

/** The types of some categories, category by category. */
export const typesOf = (...categories: readonly Category[]): EventType[] =>
  categories.flatMap((category) => EVENT_TYPES.filter((type) => definitions[type].category === category));

/** The few types among millions of events that are not about state. The index `events_signals` names them. */
export const ANNOTATIONS: readonly EventType[] = typesOf('tag', 'lock', 'drift', 'existence');

/** The types that change a resource, an output or a dependency. */
export const CHANGE_TYPES: readonly EventType[] = EVENT_TYPES.filter((type) => changedKind(type) !== undefined);
