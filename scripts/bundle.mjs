// Bundles the command line into dist/bundle: each command an entry, what they share in chunks. To find and load some 500
// files one by one takes longer than most commands.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const { dependencies } = createRequire(import.meta.url)('../package.json');

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.js'))
    .map((file) => join(folder, file));

/** What is loaded from node_modules: native code, what only `serve` and PostgreSQL need, and what oclif looks for. */
const apart = /^(better-sqlite3|pg|pg-.*|fastify|@fastify\/.*|prom-client|rate-limiter-.*)$/;
const external = [...Object.keys(dependencies).filter((name) => apart.test(name)), 'typescript', 'ts-node'];
/** Its entry for Node is CommonJS, all of which is loaded; of modules only what is used. */
const rxjs = join(dirname(createRequire(import.meta.url).resolve('rxjs/package.json')), 'dist/esm/index.js');

await build({
  entryPoints: ['dist/cli/main.js', 'dist/cli/help.js', ...filesIn('dist/cli/hooks'), ...filesIn('dist/cli/commands')],
  outbase: 'dist/cli',
  outdir: 'dist/bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  alias: { rxjs },
  external,
  minifySyntax: true,
  minifyWhitespace: true, // names stay: a stack in a bug report can be read
  logLevel: 'warning',
  banner: {
    js: `import { createRequire as requireOfBundle } from 'node:module';
import { fileURLToPath as pathOfBundle } from 'node:url';
const require = requireOfBundle(import.meta.url), __filename = pathOfBundle(import.meta.url), __dirname = pathOfBundle(new URL('.', import.meta.url));`,
  },
});
