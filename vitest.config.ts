import { defineConfig } from 'vitest/config';

/** What is tried on PostgreSQL as it is on SQLite, by the very same files. */
const ON_BOTH = [
  'test/properties/{dependencies,diff,idempotence,json,locks,rollback,tables,terraform-states,time-travel}.test.ts',
  'test/cli/{audit,bad-input,commands,drift,drift-rules,graph,hostile-log,specification}.test.ts',
  'test/server/{api,input,live,terraform}.test.ts',
];

const test = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    globalSetup: ['test/support/postgres-setup.ts'],
    reporters: ['default', 'json'],
    outputFile: { json: 'test-report.json' },
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/cli/commands/**'] },
    projects: [
      { ...aliased(), test: { ...test, name: 'sqlite', include: ['test/**/*.test.ts'] } },
      { ...aliased(), test: { ...test, name: 'postgres', include: ON_BOTH, env: { SLOTH_TEST_STORE: 'postgres' } } },
    ],
  },
});

/** The examples name the package as a user does. */
function aliased() {
  return { resolve: { alias: { 'sloth-runner': new URL('./src/index.ts', import.meta.url).pathname } } };
}
