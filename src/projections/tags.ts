import { put, remove } from '../store/row-change.js';
import { byHandler, type Projector } from './projector.js';

export const tags: Projector = {
  name: 'tags',
  version: 1,
  tables: ['tag_rows'],
  project: byHandler({
    TagAdded: ({ stream, recordedAt, meta, data: { tag } }) => [
      put('tag_rows', { stream, tag, created_at: recordedAt, created_by: meta.actor }),
    ],
    TagRemoved: ({ stream, data: { tag } }) => [remove('tag_rows', { stream, tag })],
  }),
};
