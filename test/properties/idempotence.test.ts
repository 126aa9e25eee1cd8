import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import type { Receipt } from '../../src/store/event-store.js';
import { steps } from '../support/commands.js';
import { readStack } from '../support/expected-reads.js';
import { allStacks, begin, lockOf, logOf, settled } from '../support/lives.js';
import { parameters, TIMEOUT } from '../support/properties.js';
import { KINDS } from '../support/stores.js';

interface Done {
  readonly command: Command;
  readonly call: { readonly actor: string; readonly commandId: string; readonly lockId?: string };
  readonly receipt: Receipt;
}

test.each(KINDS)(
  'a command sent again, at any later point, changes nothing and gets its first receipt (%s)',
  { timeout: TIMEOUT },
  async (location) => {
    let repeated = 0;
    await fc.assert(
      fc.asyncProperty(steps(14), fc.infiniteStream(fc.nat()), async (script, choices) => {
        const life = await begin(location);
        const { store, clock, execute } = life;
        const all = async () => [
          await logOf(store),
          await Promise.all((await allStacks(store)).map((stack) => readStack(store, stack))),
        ];
        const again = async ({ command, call, receipt }: Done): Promise<void> => {
          repeated++;
          expect(await execute(command, call)).toEqual(receipt);
        };
        const done: Done[] = [];
        for (const [index, { command: written, wait, lockId }] of script.entries()) {
          const command = await settled(life, written);
          clock.advance(wait);
          const call = {
            actor: `actor-${index % 2}`,
            commandId: `unique-${index}`,
            ...(await lockOf(life, command, lockId)),
          };
          const receipt = await execute(command, call).catch(() => undefined);
          if (receipt) done.push({ command, call, receipt });
          const earlier = done[(choices.next().value as number) % Math.max(done.length, 1)];
          if (!earlier || index % 4 > 0) continue;
          const before = await all();
          await again(earlier); // in the middle of what others do
          expect(await all()).toEqual(before);
        }
        const before = await all();
        await store.rebuild();
        for (const one of done) await again(one); // after everything, and on tables built anew
        expect(await all()).toEqual(before);
        for (const { call, receipt } of done.slice(0, 5)) {
          const [event] = await store.events({ after: receipt.lastPosition - 1, limit: 1 });
          const kind = JSON.parse(event?.meta ?? '').command as string;
          const stack = receipt.stackId; // of another stack the id would be free
          const other: Command =
            kind === 'snapshot' ? { type: 'addTags', stack, tags: ['x'] } : { type: 'takeSnapshot', stack };
          await expect(execute(other, call)).rejects.toMatchObject({ code: 'COMMAND_ID_REUSED' });
        }
        expect(await all()).toEqual(before);
        await store.close();
      }),
      parameters(),
    );
    expect(repeated).toBeGreaterThan(10);
  },
);
