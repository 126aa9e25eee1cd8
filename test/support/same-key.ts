import { vi } from 'vitest';

/** For tests that compare the logs of two databases: every database gets the same key, so equal commands have equal events. */
vi.mock('../../src/store/content-key.js', async (original) => ({
  ...(await original<typeof import('../../src/store/content-key.js')>()),
  newKey: () => Buffer.alloc(32, 7),
}));
