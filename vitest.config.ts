import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { DefaultReporter } from 'vitest/node';

/**
 * What `npm test` leaves to `npm run test:long`, which `npm run test:all` adds: kills, failing disks, corpora, servers of
 * their own, limits of memory and of time. All other files of `test/` run in both.
 */
const LONG = [
  'test/**/*.long.test.ts',
  'test/corpora/*.test.ts',
  'test/cli/{closed-output,failing-disk,processes}.test.ts',
  'test/contracts/sqlite-file.test.ts', // the same runs without a file
  'test/examples.test.ts',
  'test/drift/exec.test.ts',
  'test/formats/legacy-verify.test.ts',
  'test/input/{linear-values,regular-expressions}.test.ts',
  'test/postgres/{copy,failing-server,reading-while-rebuilding,rebuild-batches,replica,schema-forged,server}.test.ts',
  'test/properties/{audit,kill,migration-kill}.test.ts',
  'test/server/{bodies,connections,reads,terraform-real}.test.ts',
  'test/store/{damaged-fields,processes,rebuild,restore,script,wal-reset}.test.ts',
];

/** Run a second time by `npm run test:long`, each property more often. */
const MORE_OFTEN = ['test/properties/*.test.ts', 'test/contracts/stores-agree.test.ts'];

/** Run by `npm test` on PostgreSQL too. */
const QUICK_ON_BOTH = ['test/properties/mixed-reads.test.ts', 'test/cli/specification.test.ts'];

/** Run by `npm run test:long` on PostgreSQL as they are on SQLite, and with a process for each command. */
const ON_BOTH = [
  'test/properties/{dependencies,diff,idempotence,json,kill,locks,mixed-reads,rollback,tables,terraform-states,time-travel}.test.ts',
  'test/cli/{audit,bad-input,commands,drift,drift-probe,drift-rules,graph,hostile-log,specification}.test.ts',
  'test/contracts/{earlier,newer}-events.test.ts',
  'test/feed/bounded-pages.test.ts',
  'test/server/{api,input,live,reads,terraform}.test.ts',
];

/** They replace a module, which only a process of their own allows. */
const MOCKED = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  .filter((file) => file.endsWith('.test.ts') && readFileSync(file, 'utf8').includes('vi.mock('));

const PROPERTY_RUNS = process.env.PROPERTY_RUNS;
const quick = { env: { PROPERTY_RUNS: PROPERTY_RUNS ?? '10' } };
const long = (runs: string) => ({ env: { PROPERTY_RUNS: PROPERTY_RUNS ?? runs, SLOTH_TEST_PROCESSES: '1' } });
const postgres = { SLOTH_TEST_STORE: 'postgres' };

/** Names file, groups and title of a test in every line about it. */
class FullNames extends DefaultReporter {
  protected override getTestName(test: Parameters<DefaultReporter['getFullName']>[0], separator?: string): string {
    return this.getFullName(test, separator);
  }
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/postgres-setup.ts'],
    // Many tests wait for a process, a server or a time limit.
    maxWorkers: availableParallelism() + 1,
    reporters: [new FullNames(), 'json'],
    outputFile: { json: 'test-report.json' },
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/cli/commands/**'] },
    projects: [
      project('sqlite', { ...quick, isolate: false, include: ['test/**/*.test.ts'], exclude: [...LONG, ...MOCKED] }),
      project('mocked', { ...quick, include: MOCKED }),
      project('postgres', { env: { ...quick.env, ...postgres }, include: QUICK_ON_BOTH }),
      project('sqlite-long', { ...long('60'), include: [...LONG, ...MORE_OFTEN] }),
      project('postgres-long', { env: { ...long('12').env, ...postgres }, include: ON_BOTH }),
    ],
  },
});

function project(name: string, options: Partial<NonNullable<TestProjectInlineConfiguration['test']>>) {
  const test = { name, testTimeout: 60_000, hookTimeout: 60_000, unstubEnvs: true, ...options };
  return { ...aliased(), test };
}

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
