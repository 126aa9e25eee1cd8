import type { DependencyRecord, LockRecord, StackRecord } from '../../src/store/records.js';
import { EARLIER, LATER } from './decision.js';

/** The records of a stack, its lock and an edge, for tests without a store. */
export const aStack = (fields: Partial<StackRecord> = {}): StackRecord => ({
  stream: 1,
  id: 'stack-1',
  name: 'web',
  description: '',
  version: '',
  status: 'created',
  workflowFile: '',
  stateVersion: 3,
  revision: 5,
  resourceCount: 0,
  createdAt: EARLIER,
  updatedAt: EARLIER,
  completedAt: null,
  executionCount: 0,
  lastDuration: null,
  lastError: null,
  deletedAt: null,
  ...fields,
});

export const aLock = (fields: Partial<LockRecord> = {}): LockRecord => ({
  lockId: 'lock-1',
  token: 9,
  operation: 'deploy',
  who: 'bea',
  info: '',
  createdAt: EARLIER,
  expiresAt: LATER,
  ...fields,
});

export const anEdge = (address: string, target: string, fields: Partial<DependencyRecord> = {}): DependencyRecord => ({
  address,
  target,
  type: 'explicit',
  path: null,
  position: 30,
  createdAt: EARLIER,
  ...fields,
});
