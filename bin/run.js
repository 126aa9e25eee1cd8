#!/usr/bin/env node
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { loadBundle } from '../dist/cli/code-cache.js';

module.enableCompileCache?.(); // for what is not in the bundle; from Node 22 on

const { execute } = loadBundle(fileURLToPath(new URL('../dist/bundle/main.cjs', import.meta.url)));
await execute({ dir: import.meta.url });
