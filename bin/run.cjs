#!/usr/bin/env node
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');
const { loadBundle } = require('./code-cache.cjs');

enableCompileCache?.(); // for what is not in the bundle, and where its code is another V8's; from Node 22 on
loadBundle(join(__dirname, '../dist/bundle/main.cjs')).execute({ dir: __dirname });
