import type { Receipt } from '../index.js';

export const receiptJson = (receipt: Receipt) => ({
  stack_id: receipt.stackId,
  version: receipt.version,
  events: receipt.events,
  first_position: receipt.firstPosition,
  last_position: receipt.lastPosition,
  hash: receipt.hash,
  command_id: receipt.commandId,
  recorded_at: receipt.recordedAt,
});
