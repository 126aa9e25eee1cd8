import { ANNOTATIONS } from '../../events/index.js';

/**
 * Annotations have an index of their own. Equality by equality, for a list of more than two SQLite lays out as a table, again
 * for each event that is written. A query must use the same words, or SQLite does not use the index.
 */
export const IS_ANNOTATION = `(${ANNOTATIONS.map((type) => `type = '${type}'`).join(' OR ')})`;
