export type { CallOptions, OpenOptions } from './backend/options.js';
export { StackManager } from './backend/stack-manager.js';
export type { DriftInfo, LockOptions, StackCommand } from './backend/state-backend.js';
export { StateBackend } from './backend/state-backend.js';
export type { Command, EnvelopeInput } from './commands/index.js';
export type {
  EventData,
  EventMeta,
  EventType,
  Origin,
  RecordedEvent,
  ResourceValue,
  StackDocument,
  StoredEvent,
  UnknownEvent,
} from './events/index.js';
export { EVENT_TYPES, GENESIS_HASH, hashEvent, isKnown, resourceAddress } from './events/index.js';
export { readDocument } from './interop/document-file.js';
export type { Clock } from './kernel/clock.js';
export {
  ConflictError,
  IntegrityError,
  InvalidInputError,
  LockedError,
  NotFoundError,
  SlothError,
  StoreError,
} from './kernel/errors.js';
export type { Json, JsonObject } from './kernel/json.js';
export { JsonNumber, leaves, parseJson, stringifyJson } from './kernel/json.js';
export type { FieldChange } from './kernel/json-diff.js';
export type { ItemDiff, StateDiff } from './queries/diff.js';
export { isEmptyDiff } from './queries/diff.js';
export type { FieldBlame, ResourceChange } from './queries/history.js';
export type { Plan, PlannedChange } from './queries/plan.js';
export { isSensitive, sensitivePaths } from './queries/sensitive.js';
export type { StateView } from './queries/state.js';
export { stateHash } from './queries/state.js';
export type { VersionView } from './queries/versions.js';
export type { At, Checkpoint, LogHead, Receipt, StoreDescription } from './store/event-store.js';
export type {
  DependencyRecord,
  DriftRecord,
  ExecutionRecord,
  LockRecord,
  OutputRecord,
  ResourceRecord,
  SnapshotRecord,
  StackListItem,
  StackRecord,
  TagRecord,
} from './store/records.js';
