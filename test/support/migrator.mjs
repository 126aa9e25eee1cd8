// Migrates until it is killed: `migrator.mjs SOURCE TARGET TIME`. Prints each progress step on its own line, unbuffered.
import { writeSync } from 'node:fs';
import { StateBackend } from '../../dist/index.js';

const [, , source, target, instant] = process.argv;
const migration = await StateBackend.prepareMigration(target, source, { clock: { now: () => instant } });
writeSync(1, 'ready\n');
await migration.carryOut({ onProgress: ({ step, done }) => writeSync(1, `${step} ${done}\n`) });
writeSync(1, 'ended\n');
