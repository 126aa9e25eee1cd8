#!/usr/bin/env node
import module from 'node:module';

module.enableCompileCache?.(); // from Node 22 on

const { execute } = await import('../dist/bundle/main.js');
await execute({ dir: import.meta.url });
