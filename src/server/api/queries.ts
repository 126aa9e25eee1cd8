import type { Query } from './define-query.js';
import { LIST_QUERIES } from './list-queries.js';
import { STACK_QUERIES } from './stack-queries.js';

/** All of them, by path. */
export const QUERIES: readonly Query[] = [...LIST_QUERIES, ...STACK_QUERIES];
