import type { Replayed, ReplayStep } from '../index.js';

export const stepJson = (step: ReplayStep) => ({
  position: step.position,
  version: step.version,
  revision: step.revision,
  at: step.at,
  actor: step.actor,
  command: step.command,
  reason: step.reason ?? null,
  type: step.type,
  changes: step.changes.map(({ what, key, kind, fields }) => ({ what, key, kind, fields })),
  counts: step.counts,
});

export const replayedJson = (replayed: Replayed) => ({
  stack_id: replayed.stackId,
  name: replayed.name,
  version: replayed.version,
  position: replayed.position,
  counts: replayed.counts,
  state_hash: replayed.stateHash,
});
