import type { RecordedEvent } from '../events/index.js';
import { patch, put, type RowChange, remove } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

const unlock = ({ stream }: RecordedEvent): RowChange[] => [remove('lock_rows', { stream })];

export const locks: Projector = {
  name: 'locks',
  version: 1,
  tables: ['lock_rows'],
  project: byHandler({
    LockAcquired: ({ stream, position, recordedAt, data }) => [
      put('lock_rows', {
        stream,
        token: position,
        lock_id: data.lockId,
        operation: data.operation,
        who: data.who,
        info: data.info,
        created_at: recordedAt,
        expires_at: data.expiresAt,
      }),
    ],
    LockRenewed: ({ stream, data }) => [patch('lock_rows', { stream }, { expires_at: data.expiresAt })],
    LockReleased: unlock,
    LockExpired: unlock,
    LockBroken: unlock,
  }),
};
