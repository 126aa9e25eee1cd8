import { LIST_QUERIES } from './list-queries.js';
import type { Query } from './query.js';
import { STACK_QUERIES } from './stack-queries.js';

/** All of them, by path. */
export const QUERIES: readonly Query[] = [...LIST_QUERIES, ...STACK_QUERIES];
