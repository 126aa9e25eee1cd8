// Removes what a build writes, so that a deleted source leaves nothing behind.
import { rmSync } from 'node:fs';

for (const path of [...process.argv.slice(2), 'oclif.manifest.json']) rmSync(path, { recursive: true, force: true });
