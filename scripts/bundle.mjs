// Bundles the command line into one file, dist/bundle/main.cjs, in which each module runs when it is first asked for. To find
// and load some 500 files one by one takes longer than most commands; of one file V8's code can be kept (code-cache.mjs).
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const { dependencies } = require('../package.json');

const folder = join(root, 'dist/cli/commands');
/** Where each command is, by its id. */
export const commands = Object.fromEntries(
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.js'))
    .map((file) => [file.replace(/\.js$/, '').replaceAll(sep, ':'), join(folder, file)]),
);

/** What oclif asks for, as package.json says. */
const ENTRY = `module.exports = {
  execute: (options) => require('@oclif/core').execute(options),
  COMMANDS: {
${Object.entries(commands)
  .map(([id, file]) => `    get '${id}'() { return require('./${relative(root, file)}').default; },`)
  .join('\n')}
  },
  get Help() { return require('./dist/cli/help.js').default; },
  get commandNotFound() { return require('./dist/cli/hooks/command-not-found.js').default; },
};`;

/** What is loaded from node_modules: native code, what only `serve` and PostgreSQL need, and what oclif looks for. */
const apart = /^(better-sqlite3|pg|pg-.*|fastify|@fastify\/.*|prom-client|rate-limiter-.*)$/;
/** Its entry for Node is CommonJS, all of which is loaded; of modules only what is used. */
const rxjs = join(dirname(require.resolve('rxjs/package.json')), 'dist/esm/index.js');

/** @param options of esbuild, beside those of the bundle */
export const bundle = (options = {}) =>
  build({
    stdin: { contents: ENTRY, resolveDir: root, sourcefile: 'main.js' },
    absWorkingDir: root,
    outfile: 'dist/bundle/main.cjs',
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    alias: { rxjs },
    external: [...Object.keys(dependencies).filter((name) => apart.test(name)), 'typescript', 'ts-node'],
    minifySyntax: true,
    minifyWhitespace: true, // names stay: a stack in a bug report can be read
    logLevel: 'warning',
    define: { 'import.meta.url': 'urlOfBundle' },
    banner: { js: `const urlOfBundle = require('node:url').pathToFileURL(__filename).href;` },
    ...options,
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
