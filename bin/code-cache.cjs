// Loads the bundle of the command line with the code that V8 compiled of it when it was built: to parse and compile it takes
// longer than most commands (docs/adr/0021).
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname } = require('node:path');
const { constants, Script } = require('node:vm');

/** Where the code was built by another V8, or under other flags, the bundle is loaded as any file is. */
exports.loadBundle = (file) => {
  const code = exports.codeOf(file);
  return existsSync(code) ? run(compile(file, readFileSync(code)), file) : require(file);
};

/** Runs the bundle, and keeps the code of all that was called until `use` ends. */
exports.keepCode = async (file, use) => {
  const script = compile(file);
  await use(run(script, file));
  writeFileSync(exports.codeOf(file), script.createCachedData());
};

/** What V8 compares before it takes code: the first words of any. */
exports.codeOf = (file) =>
  `${file}.${process.arch}-${new Script('').createCachedData().subarray(0, 16).toString('hex')}`;

const compile = (file, cachedData) =>
  new Script(Module.wrap(readFileSync(file, 'latin1')), {
    filename: file,
    cachedData,
    importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });

/** What `require` does with a file, and under its name, so that who requires it later gets the same. */
function run(script, file) {
  const module = new Module(file);
  module.filename = file;
  require.cache[file] = module;
  script.runInThisContext()(module.exports, Module.createRequire(file), module, file, dirname(file));
  module.loaded = true;
  return module.exports;
}
