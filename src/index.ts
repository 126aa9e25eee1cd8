export type {
  ActualStateSource,
  ExpectedResource,
  Observation,
  ObserveContext,
  ProbeAllowance,
  ProbeOptions,
} from './actual/index.js';
export { actualFile, execSource, probe, terraformDirectory, terraformPlan } from './actual/index.js';
export type { LogImportOptions, LogSink } from './audit/log-file.js';
export type { Check, Problem, Verification } from './audit/verification.js';
export type { VerifyOptions } from './audit/verify.js';
export type { Backup, BackupOptions } from './backend/backup.js';
export type { Rotation } from './backend/backup-rotation.js';
export type { Copied, CopyOptions } from './backend/copy.js';
export type { MigrationOptions, PreparedMigration } from './backend/migration/migrate.js';
export type { Proof } from './backend/migration/proof.js';
export type { MigrationReport } from './backend/migration/report.js';
export type { RowCounts } from './backend/migration/tally.js';
export type { CallOptions, OpenOptions } from './backend/options.js';
export type { PreparedRestore, Restored, RestoreOptions } from './backend/restore.js';
export { StackManager } from './backend/stack-manager.js';
export type { DriftCheck, DriftCheckOptions, DriftInfo, LockOptions, StackCommand } from './backend/state-backend.js';
export { StateBackend } from './backend/state-backend.js';
export { StoreAdmin } from './backend/store-admin.js';
export type { Command, EnvelopeInput } from './commands/index.js';
export type {
  EventData,
  EventMeta,
  EventType,
  LogHead,
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
export type { EventChange, StateCounts } from './queries/changes.js';
export type { ItemDiff, StateDiff } from './queries/diff.js';
export { isEmptyDiff } from './queries/diff.js';
export type { FindingView } from './queries/drift.js';
export { newestFindings } from './queries/drift.js';
export type { Affected, GraphOptions, GraphView, Impact } from './queries/graph.js';
export type { GraphNode } from './queries/graph-build.js';
export type { FieldBlame, ResourceChange } from './queries/history.js';
export type { LogEntry, LogFilter } from './queries/log.js';
export type { Plan, PlannedChange } from './queries/plan.js';
export type { Replayed, ReplayOptions, ReplayStep } from './queries/replay.js';
export { HIDDEN_OF_STACK, isSensitive, sensitivePaths } from './queries/sensitive.js';
export type { StateContent, StateView } from './queries/state.js';
export { stateHash } from './queries/state.js';
export type { VersionView } from './queries/versions.js';
export type { At, Checkpoint, Page, Receipt, StoreDescription } from './store/event-store.js';
export type { OnProgress, Progress, ProjectionStatus, Rebuilt } from './store/maintenance.js';
export type {
  DependencyRecord,
  DriftRecord,
  DriftRuleRecord,
  EdgeRecord,
  ExecutionRecord,
  LockRecord,
  OutputRecord,
  ResourceRecord,
  SnapshotRecord,
  StackListItem,
  StackRecord,
  TagRecord,
} from './store/records.js';
