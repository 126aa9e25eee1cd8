export type { EventData, EventType } from './catalogue.js';
export {
  ANNOTATIONS,
  CHANGE_TYPES,
  catalogue,
  changedKind,
  EVENT_TYPES,
  isEventType,
  raisesVersion,
  typesOf,
} from './catalogue.js';
export type { ChainChecker, ChainProblem } from './chain-check.js';
export { checkChain } from './chain-check.js';
export type { Commit, EventMeta, LogHead, NewEvent, RecordedEvent, StoredEvent, UnknownEvent } from './envelope.js';
export { metaSchema } from './envelope.js';
export { timestamp } from './fields.js';
export { GENESIS_HASH, hashEvent } from './hash-chain.js';
export type { ResourceValue } from './resource.js';
export { baseAddress, isIdentity, ownId, resourceAddress, saidIdentity, withoutRemark } from './resource.js';
export { isSameCommit } from './same-commit.js';
export type { Origin, StackDocument } from './stack.js';
export type { StoredData } from './upcast.js';
export { currentSchemaVersion, decodeEvent, isKnown, isReadable, parseEvent, readData } from './upcast.js';
export type { Upcasters } from './upcasters.js';
export { upcasters } from './upcasters.js';
