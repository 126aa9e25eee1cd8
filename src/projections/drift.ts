import { patch, put, remove } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

export const drift: Projector = {
  name: 'drift',
  version: 2,
  tables: ['drift_rows', 'drift_rule_rows'],
  project: byHandler({
    DriftDetected: ({ stream, position, data }) => [
      put('drift_rows', {
        position,
        stream,
        resource: data.resource ?? null,
        resource_id: data.resourceId,
        is_drifted: 1,
        resolution_status: 'pending',
        resolved_at: null,
        reason: null,
        ignored_until: null,
      }),
    ],
    DriftCleared: ({ recordedAt, data }) => [
      patch(
        'drift_rows',
        { position: data.finding },
        { is_drifted: 0, resolution_status: 'resolved', resolved_at: recordedAt, ignored_until: null },
      ),
    ],
    DriftResolved: ({ recordedAt, data }) => [
      patch(
        'drift_rows',
        { position: data.finding },
        {
          is_drifted: 0,
          resolution_status: 'resolved',
          resolved_at: recordedAt,
          reason: data.reason,
          ignored_until: null,
        },
      ),
    ],
    DriftIgnored: ({ recordedAt, data }) => [
      patch(
        'drift_rows',
        { position: data.finding },
        { resolution_status: 'ignored', resolved_at: recordedAt, reason: data.reason, ignored_until: data.expiresAt },
      ),
    ],
    DriftRuleAdded: ({ stream, position, recordedAt, meta, data }) => [
      put('drift_rule_rows', {
        position,
        stream,
        resource_type: data.resourceType,
        path: data.path,
        reason: data.reason,
        expires_at: data.expiresAt,
        created_by: meta.actor,
        created_at: recordedAt,
      }),
    ],
    DriftRuleRemoved: ({ data }) => [remove('drift_rule_rows', { position: data.rule })],
  }),
};
