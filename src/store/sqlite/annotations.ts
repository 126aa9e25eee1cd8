import { ANNOTATIONS } from '../../events/index.js';

/**
 * Annotations have their own index. The condition uses OR, because SQLite materialises an IN list of more than two values
 * again for each event that is written. A query must use the same text, or SQLite does not use the index.
 */
export const IS_ANNOTATION = `(${ANNOTATIONS.map((type) => `type = '${type}'`).join(' OR ')})`;
