import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { defineConfig } from 'vitest/config';

/** What is tried on PostgreSQL as it is on SQLite, by the very same files. */
const ON_BOTH = [
  'test/properties/{dependencies,diff,idempotence,json,kill,locks,mixed-reads,rollback,tables,terraform-states,time-travel}.test.ts',
  'test/cli/{audit,bad-input,commands,drift,drift-probe,drift-rules,graph,hostile-log,specification}.test.ts',
  'test/feed/bounded-pages.test.ts',
  'test/server/{api,input,live,reads,terraform}.test.ts',
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
    plugins: [workersOfSource()],
    resolve: { alias: { 'sloth-runner': new URL('./src/index.ts', import.meta.url).pathname } },
  };
}

/** Node starts threads and processes itself, and reads no TypeScript: their code is made of the sources once. */
const WORKERS = [
  { runner: '/src/server/documents/runner.ts', entry: 'src/server/documents/thread.ts', name: 'document-thread' },
  { runner: '/src/server/reads/runner.ts', entry: 'src/server/reads/process.ts', name: 'read-process' },
];

function workersOfSource() {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const made = new Set<string>();
  return {
    name: 'workers-of-source',
    transform(code: string, id: string) {
      const worker = WORKERS.find(({ runner }) => id.endsWith(runner));
      if (!worker) return undefined;
      const outfile = here(`node_modules/.vitest/${worker.name}.mjs`);
      const options = {
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        packages: 'external',
        logLevel: 'error',
      } as const;
      if (!made.has(outfile)) buildSync({ entryPoints: [here(worker.entry)], outfile, ...options });
      made.add(outfile);
      const url = `new URL(${JSON.stringify(pathToFileURL(outfile).href)})`;
      const changed = code.replace(/^const ENTRY = .*$/m, `const ENTRY = ${url};`);
      if (changed === code) throw new Error(`${id} no longer names its code as it did`);
      return changed;
    },
  };
}
