import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import vm from 'node:vm';

/**
 * Loads the bundle of the command line with the code that V8 compiled of it when it was built: to parse and compile it takes
 * longer than most commands (docs/adr/0021). Where the bundle was built for another V8, it is loaded as any file is.
 */
export function loadBundle(file: string): unknown {
  const code = codeOf(file);
  return existsSync(code) ? run(compile(file, readFileSync(code)), file) : createRequire(file)(file);
}

/** Runs the bundle, and keeps the code of all that was called until `use` ends. */
export async function keepCode(file: string, use: (bundle: unknown) => Promise<void>): Promise<void> {
  const script = compile(file);
  await use(run(script, file));
  writeFileSync(codeOf(file), script.createCachedData());
}

/** No V8 takes the code of another. */
const codeOf = (file: string): string => `${file}.${process.versions.v8}-${process.arch}`;

const compile = (file: string, cachedData?: Buffer): vm.Script =>
  new vm.Script(Module.wrap(readFileSync(file, 'latin1')), {
    filename: file,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData && { cachedData }),
  });

/** What `require` does with a file, and under its name, so that who requires it later gets the same. */
function run(script: vm.Script, file: string): unknown {
  const require = createRequire(file);
  const module = new Module(file);
  module.filename = file;
  require.cache[file] = module;
  script.runInThisContext()(module.exports, require, module, file, dirname(file));
  module.loaded = true;
  return module.exports;
}
