import { spawn } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { verifyStore } from '../../src/audit/verify.js';
import type { Command } from '../../src/commands/index.js';
import { type Engine, openEngine } from '../../src/engine.js';
import type { Receipt } from '../../src/store/event-store.js';
import { scratchFolder } from '../support/folder.js';
import { parameters, RUNS } from '../support/properties.js';

const SCRIPT = new URL('../support/killed-writer.mjs', import.meta.url).pathname;
const WRITERS = 4;
const KILLS = RUNS >= 1_000 ? 200 : 20;
/** So many rounds on one database before a fresh one: it grows, and is verified whole each time. */
const ROUNDS = 5;

interface Acknowledged {
  readonly command: Command;
  readonly receipt: Receipt;
}

/** How one process ends: so long after its first acknowledgement, in milliseconds. */
interface Life {
  readonly seed: number;
  readonly killedAfter: number;
  readonly rebuilds: boolean;
}

/** Lets a writer live and kills it. What it said is what was acknowledged, up to the last whole line. */
function liveAndDie(
  db: string,
  writer: number,
  round: number,
  { seed, killedAfter, rebuilds }: Life,
): Promise<(Acknowledged | 'rebuilt')[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [
      SCRIPT,
      db,
      ...[writer, round, seed].map(String),
      ...(rebuilds ? ['rebuild'] : []),
    ]);
    let stdout = '';
    let stderr = '';
    let alive = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (!alive) setTimeout(() => child.kill('SIGKILL'), killedAfter);
      alive = true;
    });
    child.on('error', reject).on('close', (code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`writer ${writer} ended by itself (${code}): ${stderr}`));
      resolve(
        stdout
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      );
    });
  });
}

/** Nothing half-done, nothing acknowledged lost: the log and the tables hold, and each receipt is what the log says. */
async function check({ store, execute }: Engine, acknowledged: readonly Acknowledged[]): Promise<void> {
  expect(await verifyStore(store)).toMatchObject({ holds: true, problems: [] });
  const events = await store.events({ limit: 10_000_000 });
  for (const { command, receipt } of acknowledged) {
    const own = events.slice(receipt.firstPosition - 1, receipt.lastPosition);
    expect(own.map(({ commandId }) => commandId)).toEqual(Array(receipt.events).fill(receipt.commandId));
    expect(own.at(-1)?.hash).toBe(receipt.hash);
    expect(await execute(command, { commandId: receipt.commandId, actor: 'again' })).toEqual(receipt);
  }
  expect(new Set(acknowledged.map(({ receipt }) => receipt.commandId)).size).toBe(acknowledged.length);
  expect((await store.head()).position).toBe(events.length);
}

const life = fc.record({
  seed: fc.nat({ max: 0x7fff_ffff }),
  killedAfter: fc.integer({ min: 50, max: 400 }),
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
      const db = join(scratchFolder(), 'stacks.db');
      const first = openEngine(db);
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
        const engine = openEngine(db);
        await check(engine, acknowledged);
        if ((await engine.store.projections()).some(({ rebuilding }) => (rebuilding ?? 0) > 0)) brokenOff++;
        await engine.store.close();
      }
      const engine = openEngine(db);
      await check(engine, all);
      await engine.store.rebuild();
      expect((await engine.store.compareTables({})).problems).toEqual([]);
      await check(engine, all);
      await engine.store.close();
    }),
    { ...parameters(), numRuns: KILLS / (WRITERS * ROUNDS), endOnFailure: true },
  );
  expect(kills).toBe(KILLS);
  expect(heard).toBeGreaterThan(KILLS * 5);
  if (KILLS > 20) expect(brokenOff).toBeGreaterThan(0);
});
