import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { type Death, killedAt, provenLog } from '../support/database.js';
import { scratchFolder } from '../support/folder.js';
import { makeLegacy } from '../support/legacy.js';
import { CLOCK, comparable, migrate } from '../support/migrations.js';
import { SOAK, sampleSeed } from '../support/properties.js';

const KILLS = SOAK ? 200 : 20;

/** Where a process ends: after so many lines, of about 60, and so long after that, in milliseconds. Mostly on its way. */
const point = fc.record({
  lines: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 2, max: 45 }) },
    { weight: 1, arbitrary: fc.nat({ max: 75 }) },
  ),
  wait: fc.nat({ max: 8 }),
});

/** Runs a migration in a process of its own, and kills it at a point it may not come to. */
async function migrateAndDie(source: string, target: string, at: Death): Promise<boolean> {
  const { signal, stderr } = await killedAt(at, 'migrator.mjs', source, target, CLOCK.now());
  expect(stderr).toBe('');
  return signal === 'SIGKILL';
}

test('a migration that is killed twice and resumed has the same result as one run', {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const folder = scratchFolder();
  const source = join(folder, 'old.db');
  makeLegacy(source, { workflows: 20, resources: 5, seed: 3 });
  const used = join(folder, 'used.db');
  {
    await using backend = await StateBackend.open(used, { actor: 'ana' });
    await backend.getStackManager().createStack({ name: 'deploy-3', id: 'mine' });
  }
  const whole = join(folder, 'whole.db');
  copyFileSync(used, whole);
  const once = await migrate(source, whole);
  const expected = (await provenLog(whole)).map(comparable);

  let killed = 0;
  let resumed = 0;
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(point, { minLength: 1, maxLength: 2 }), async (points) => {
      const target = join(folder, `target-${run++}.db`);
      copyFileSync(used, target);
      for (const one of points) killed += (await migrateAndDie(source, target, one)) ? 1 : 0;
      const report = await migrate(source, target);
      if (report.resumed) resumed++;
      const log = await provenLog(target);
      expect(log.map(comparable).slice(1)).toEqual(expected.slice(1)); // the first event is of another run
      const migrations = log.slice(1).map(({ meta }) => JSON.parse(meta).imported.migration);
      expect(new Set(migrations).size).toBe(1);
      expect(report.verification).toMatchObject({ holds: true });
      expect(existsSync(`${target}.migration`)).toBe(false);
      if (!report.resumed) return; // it had ended, or not begun
      expect(report).toMatchObject({ rows: once.rows, entries: once.entries, events: once.events });
      expect((await provenLog(report.backup as string)).map(({ hash }) => hash)).toEqual([log[0]?.hash]);
    }),
    { seed: sampleSeed, numRuns: KILLS },
  );
  if (SOAK) console.log(`${killed} kills, ${resumed} of ${run} migrations resumed`);
});
