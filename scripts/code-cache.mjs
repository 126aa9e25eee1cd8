// Keeps the code that V8 compiles of the bundle while a few commands run, for `bin/run.cjs`. Last step of the build.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import codeCache from '../bin/code-cache.cjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-build-'));
process.env.SLOTH_RUNNER_DB = join(folder, 'state.db');
process.env.SLOTH_RUNNER_ACTOR = 'build';

const write = process.stdout.write;
process.stdout.write = () => true;
await codeCache.keepCode(join(root, 'dist/bundle/main.cjs'), async ({ execute }) => {
  for (const line of ['stack new a', 'stack state list', 'stack state show a', 'stack state versions a']) {
    await execute({ dir: root, args: line.split(' ') });
  }
});
process.stdout.write = write;
rmSync(folder, { recursive: true });
