// Bundles the command line into one file, dist/bundle/main.cjs, in which each module runs when it is first asked for. To find
// and load some 500 files one by one takes longer than most commands; of one file V8's code can be kept (code-cache.mjs).
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const { dependencies } = require('../package.json');

const commandsIn = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.js'))
    .map((file) => [file.replace(/(?:[\\/]index)?\.js$/, '').replaceAll(sep, ':'), relative(root, join(folder, file))]);
/** As plugins they would be looked for at each start. */
const oclifs = (plugin) => commandsIn(join(dirname(require.resolve(plugin)), 'commands'));

/** Where each command is, by its id. */
export const commands = Object.fromEntries([
  ...commandsIn(join(root, 'dist/cli/commands')),
  ...oclifs('@oclif/plugin-help'),
  ...oclifs('@oclif/plugin-autocomplete'),
]);

/** What oclif asks for, as package.json says. */
const ENTRY = `module.exports = {
  get execute() { return require('./dist/cli/main.js').execute; },
  COMMANDS: {
${Object.entries(commands)
  .map(([id, file]) => `    get '${id}'() { return require('./${file}').default; },`)
  .join('\n')}
  },
  get Help() { return require('./dist/cli/help.js').default; },
  get init() { return require('./dist/cli/hooks/init.js').default; },
  get preparse() { return require('./dist/cli/hooks/preparse.js').default; },
  get commandNotFound() { return require('./dist/cli/hooks/command-not-found.js').default; },
};`;

/** What is loaded from node_modules: native code, what only `serve` and PostgreSQL need, and what oclif looks for. */
const apart = /^(pg|pg-.*|fastify|@fastify\/.*|prom-client|ipaddr\.js)$/;
/** Its entry for Node is CommonJS, all of which is loaded; of modules only what is used. */
const rxjs = join(dirname(require.resolve('rxjs/package.json')), 'dist/esm/index.js');

/** At each start oclif sorts the commands by the rules of a language, which takes 8 ms to load; ids are plain ASCII. */
const plainOrder = {
  name: 'plain-order',
  setup: ({ onLoad }) =>
    onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/]config[\\/]plugin\.js$/ }, ({ path }) => {
      const [before, after, ...more] = readFileSync(path, 'utf8').split('a.id.localeCompare(b.id)');
      if (after === undefined || more.length > 0) throw new Error(`${path} no longer sorts commands as it did`);
      return { contents: `${before}(a.id < b.id ? -1 : 1)${after}`, loader: 'js' };
    }),
};

/** better-sqlite3 looks for its native code beside the file that asks for it, and in a dozen places. */
const nativeCode = {
  name: 'native-code',
  setup: ({ onLoad }) =>
    onLoad({ filter: /node_modules[\\/]bindings[\\/]bindings\.js$/ }, () => ({
      contents: `module.exports = () => require('better-sqlite3/build/Release/better_sqlite3.node');`,
    })),
};

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
    plugins: [plainOrder, nativeCode],
    external: [...Object.keys(dependencies).filter((name) => apart.test(name)), '*.node', 'typescript', 'ts-node'],
    minifySyntax: true,
    minifyWhitespace: true, // names stay: a stack in a bug report can be read
    logLevel: 'warning',
    define: { 'import.meta.url': 'urlOfBundle' },
    banner: { js: `const urlOfBundle = require('node:url').pathToFileURL(__filename).href;` },
    ...options,
  });

/** What the server starts beside itself: a thread that reads documents, and a process that answers queries. */
export const bundleWorkers = async () => {
  for (const [entry, name] of [
    ['documents/thread', 'document-thread'],
    ['reads/process', 'read-process'],
  ]) {
    await bundle({
      stdin: undefined,
      entryPoints: [`dist/server/${entry}.js`],
      outfile: `dist/bundle/${name}.cjs`,
    });
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(join(root, 'dist/bundle'), { recursive: true, force: true }); // V8 knows a text by its length alone
  await bundle();
  await bundleWorkers();
}
