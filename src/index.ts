export type { StackCommand } from './api/documents.js';
export type { DriftCheck, DriftCheckOptions } from './api/drift-checks.js';
export type { CallOptions, OpenOptions } from './api/options.js';
export type { LockOptions } from './api/stack-changes.js';
export { StackManager } from './api/stack-manager.js';
export type { DriftInfo } from './api/stack-reads.js';
export { StateBackend } from './api/state-backend.js';
export { StoreAdmin } from './api/store-admin.js';
export type { Command, EnvelopeInput } from './commands/index.js';
export type {
  ActualStateSource,
  ExpectedResource,
  Observation,
  ObserveContext,
  ProbeAllowance,
  ProbeOptions,
} from './drift/index.js';
export { actualFile, execSource, probe, terraformDirectory, terraformPlan } from './drift/index.js';
export type { Execution, Plan } from './engine.js';
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
export type { Replayed, ReplayOptions, ReplayStep } from './feed/replay.js';
export { readDocument } from './formats/document-file.js';
export type { Clock } from './lib/clock.js';
export {
  ConflictError,
  IntegrityError,
  InvalidInputError,
  LockedError,
  NotFoundError,
  SlothError,
  StoreError,
} from './lib/errors.js';
export type { Json, JsonObject } from './lib/json.js';
export { JsonNumber, leaves, parseJson, stringifyJson } from './lib/json.js';
export type { FieldChange } from './lib/json-diff.js';
export type { MigrationOptions, PreparedMigration } from './migration/migrate.js';
export type { MigrationReport, Proof, RowCounts } from './migration/report.js';
export type { LogImportOptions, LogSink } from './operations/audit/log-file.js';
export type { Check, Problem, Verification } from './operations/audit/verification.js';
export type { VerifyOptions } from './operations/audit/verify.js';
export type { Backup, BackupOptions } from './operations/backup.js';
export type { Rotation } from './operations/backup-rotation.js';
export type { Copied, CopyOptions } from './operations/copy.js';
export type { PreparedRestore, Restored, RestoreOptions } from './operations/restore.js';
export type { DecidedChange } from './queries/decided-changes.js';
export type { StackDetails } from './queries/details.js';
export type { ItemDiff, StateDiff } from './queries/diff.js';
export { isEmptyDiff } from './queries/diff.js';
export type { FindingView } from './queries/drift.js';
export { newestFindings } from './queries/drift.js';
export type { EventChange, StateCounts } from './queries/event-changes.js';
export type { Affected, GraphOptions, GraphView, Impact } from './queries/graph.js';
export type { GraphNode } from './queries/graph-build.js';
export type { FieldBlame, ResourceChange } from './queries/history.js';
export type { LogEntry, LogFilter } from './queries/log.js';
export { HIDDEN_OF_STACK, isSensitive, sensitivePaths } from './queries/sensitive.js';
export type { StateContent, StateView } from './queries/state.js';
export { stateHash } from './queries/state.js';
export type { VersionView } from './queries/versions.js';
export type { At, Checkpoint, Measured, Page, Receipt, Size, StoreDescription } from './store/event-store.js';
export type { OnProgress, Progress, ProjectionStatus, Rebuilt, StorageProblem } from './store/maintenance.js';
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
