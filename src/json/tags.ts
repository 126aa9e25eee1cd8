import type { TagRecord } from '../index.js';

export const tagsJson = (tags: readonly TagRecord[]) => ({
  tags: tags.map(({ tag, createdAt, createdBy }) => ({ tag, created_at: createdAt, created_by: createdBy })),
});
