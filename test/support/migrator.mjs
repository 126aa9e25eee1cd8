// Migrates until it is killed: `migrator.mjs SOURCE TARGET INSTANT`. Tells each step of its progress in a line of its own,
// written at once.
import { writeSync } from 'node:fs';
import { StateBackend } from '../../dist/index.js';

const [, , source, target, instant] = process.argv;
const migration = await StateBackend.prepareMigration(target, source, { clock: { now: () => instant } });
writeSync(1, 'ready\n');
await migration.carryOut({ onProgress: ({ step, done }) => writeSync(1, `${step} ${done}\n`) });
writeSync(1, 'ended\n');
