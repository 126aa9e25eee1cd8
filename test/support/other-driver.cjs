// Loaded with `node --require`: stands in for the native code of better-sqlite3, as the variable STAND_IN says.
const Module = require('node:module');

const load = Module._load;
Module._load = function (request, ...rest) {
  if (!request.endsWith('better_sqlite3.node')) return load.call(this, request, ...rest);
  if (process.env.STAND_IN === 'of another Node') {
    throw Object.assign(
      new Error(
        `The module '/x/better_sqlite3.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 1. This version of Node.js requires\nNODE_MODULE_VERSION ${process.versions.modules}. Please try re-compiling or re-installing`,
      ),
      { code: 'ERR_DLOPEN_FAILED' },
    );
  }
  if (process.env.STAND_IN === 'not built') {
    throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' });
  }
  const native = load.call(this, request, ...rest);
  const { prepare } = native.Database.prototype;
  native.Database.prototype.prepare = function (sql, ...others) {
    return prepare.call(this, sql.replace('sqlite_version()', "'3.51.2'"), ...others);
  };
  return native;
};
