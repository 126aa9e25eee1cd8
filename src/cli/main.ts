/** What `bin/run.js` starts. It is an entry of the bundle, so that there is one copy of the framework. */
export { execute } from '@oclif/core';
