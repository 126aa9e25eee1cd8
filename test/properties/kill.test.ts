import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { type Engine, openEngineAt } from '../../src/engine.js';
import { verifyStore } from '../../src/operations/audit/verify.js';
import type { Receipt } from '../../src/store/event-store.js';
import { type Death, killedAt } from '../support/database.js';
import { ON_POSTGRES } from '../support/on-postgres.js';
import { SOAK, sampleSeed } from '../support/properties.js';
import { reads } from '../support/reads.js';
import { freshPlace } from '../support/stores.js';

const WRITERS = 4;
/** CI kills a sample, always the same; `npm run soak` kills the full count. */
const KILLS = SOAK ? (ON_POSTGRES ? 300 : 1_000) : 20;
/** So many rounds on one database before a fresh one: it grows, and is verified whole each time. */
const ROUNDS = 5;

interface Acknowledged {
  readonly command: Command;
  readonly receipt: Receipt;
}

/** A process that writes, and how it ends. */
interface Life extends Death {
  readonly seed: number;
  readonly rebuilds: boolean;
}

/** Lets a writer live and kills it. What it said is what was acknowledged, up to the last whole line. */
async function liveAndDie(
  db: string,
  writer: number,
  round: number,
  { seed, rebuilds, ...death }: Life,
): Promise<(Acknowledged | 'rebuilt')[]> {
  const args = [db, writer, round, seed, ...(rebuilds ? ['rebuild'] : [])];
  const { signal, stderr, lines } = await killedAt(death, 'killed-writer.mjs', ...args);
  expect({ signal, stderr }, `writer ${writer} ended by itself`).toEqual({ signal: 'SIGKILL', stderr: '' });
  return lines.map((line) => JSON.parse(line));
}

/** Nothing half-done, nothing acknowledged lost: the log and the tables hold, and each receipt is what the log says. */
async function check({ store, execute }: Engine, acknowledged: readonly Acknowledged[]): Promise<void> {
  expect(await verifyStore(store)).toMatchObject({ holds: true, problems: [] });
  const events = await store.events({ limit: 10_000_000 });
  for (const { command, receipt } of acknowledged) {
    const own = events.slice(receipt.firstPosition - 1, receipt.lastPosition);
    expect(own.map(({ commandId }) => commandId)).toEqual(Array(receipt.events).fill(receipt.commandId));
    expect(own.at(-1)?.hash).toBe(receipt.hash);
    // Where the name is another stack's now, or was last, the command would be another one (docs/adr/0023).
    const holder = await reads(store).stack('stack' in command ? command.stack : command.name, { deleted: true });
    if (holder && holder.id !== receipt.stackId) continue;
    expect(await execute(command, { commandId: receipt.commandId, actor: 'again' })).toEqual(receipt);
  }
  expect(new Set(acknowledged.map(({ receipt }) => receipt.commandId)).size).toBe(acknowledged.length);
  expect((await store.head()).position).toBe(events.length);
}

const life = fc.record({
  seed: fc.nat({ max: 0x7fff_ffff }),
  lines: fc.integer({ min: 6, max: 60 }),
  wait: fc.nat({ max: 300 }),
  rebuilds: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const rounds = fc.array(fc.tuple(life, life, life, life), { minLength: ROUNDS, maxLength: ROUNDS });

test(`${KILLS} processes killed at any moment: nothing acknowledged is lost, nothing is half-done`, {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  let kills = 0;
  let heard = 0;
  let brokenOff = 0;
  await fc.assert(
    fc.asyncProperty(rounds, async (deaths) => {
      const db = await freshPlace();
      const first = await openEngineAt(db);
      await first.execute({ type: 'createStack', name: 'shared' }, { actor: 'first' });
      await first.store.close();
      const all: Acknowledged[] = [];
      for (const [round, lives] of deaths.entries()) {
        const said = await Promise.all(lives.map((one, index) => liveAndDie(db, index + 1, round, one)));
        kills += lives.length;
        const acknowledged = said.flat().filter((line) => line !== 'rebuilt');
        expect(acknowledged.length).toBeGreaterThanOrEqual(WRITERS);
        heard += acknowledged.length;
        all.push(...acknowledged);
        const engine = await openEngineAt(db);
        await check(engine, acknowledged);
        if ((await engine.store.projections()).some(({ rebuilding }) => (rebuilding ?? 0) > 0)) brokenOff++;
        await engine.store.close();
      }
      const engine = await openEngineAt(db);
      await check(engine, all);
      await engine.store.rebuild();
      expect((await engine.store.compareTables({})).problems).toEqual([]);
      await check(engine, all);
      await engine.store.close();
    }),
    { seed: sampleSeed, numRuns: KILLS / (WRITERS * ROUNDS), endOnFailure: true },
  );
  expect(kills).toBe(KILLS);
  if (SOAK) {
    console.log(`${kills} kills, ${heard} commands acknowledged, 0 lost, ${brokenOff} rebuilds interrupted`);
  }
});
