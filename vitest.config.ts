import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { defineConfig } from 'vitest/config';

/** What is tried on PostgreSQL as it is on SQLite, by the very same files. */
const ON_BOTH = [
  'test/properties/{dependencies,diff,idempotence,json,kill,locks,rollback,tables,terraform-states,time-travel}.test.ts',
  'test/cli/{audit,bad-input,commands,drift,drift-probe,drift-rules,graph,hostile-log,specification}.test.ts',
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
  return {
    plugins: [threadOfSource()],
    resolve: { alias: { 'sloth-runner': new URL('./src/index.ts', import.meta.url).pathname } },
  };
}

/** Node starts threads itself, and reads no TypeScript: the code of the threads is made of the sources once. */
function threadOfSource() {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const outfile = here('node_modules/.vitest/server-thread.mjs');
  let isMade = false;
  return {
    name: 'thread-of-source',
    transform(code: string, id: string) {
      if (!id.endsWith('/src/server/threads/pool.ts')) return undefined;
      const entryPoints = [here('src/server/threads/worker.ts')];
      if (!isMade)
        buildSync({
          entryPoints,
          outfile,
          bundle: true,
          platform: 'node',
          format: 'esm',
          packages: 'external',
          logLevel: 'error',
        });
      isMade = true;
      const changed = code.replace(/^const ENTRY = .*$/m, `const ENTRY = ${JSON.stringify(outfile)};`);
      if (changed === code) throw new Error(`${id} no longer names its thread as it did`);
      return changed;
    },
  };
}
