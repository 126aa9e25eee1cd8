import type { RunTask } from '../../interop/tasks.js';
import type { DocumentPool } from './pool.js';

export { DocumentPool } from './pool.js';

/** Up to so many bytes a document is read at once: to hand it over takes as long. */
const AT_ONCE = { json: 1024 * 1024, yaml: 16 * 1024 };

/** Where a document is to be read: in another thread, or, where it is small, here. */
export const runnerFor = (
  pool: DocumentPool,
  { length }: Uint8Array,
  format: 'json' | 'yaml' = 'json',
): RunTask | undefined => (length > AT_ONCE[format] ? pool.run : undefined);
