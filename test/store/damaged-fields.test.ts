import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../src/engine.js';
import { catalogue, EVENT_TYPES, type EventType, metaSchema } from '../../src/events/index.js';
import { StateBackend } from '../../src/index.js';
import { SlothError } from '../../src/lib/errors.js';
import { LIFE } from '../contracts/life.js';
import { TestClock } from '../support/clock.js';
import { scratchFolder } from '../support/folder.js';
import { reads } from '../support/reads.js';
import { tamper } from '../support/tamper.js';
import { usesOf } from '../support/uses.js';

const clock = new TestClock();

/** A stack's last event of each type. */
interface Last {
  readonly type: EventType;
  readonly position: number;
  readonly stack: string;
}

async function liveIn(path: string): Promise<readonly Last[]> {
  const { store, execute } = openEngine(path, clock);
  for (const { command, envelope, wait } of LIFE) {
    clock.advance(wait);
    await execute(command, { actor: 'test', ...envelope }).catch((error: unknown) =>
      expect(error).toBeInstanceOf(SlothError),
    );
  }
  const stacks = [...(await reads(store).stacks({})), ...(await reads(store).stacks({ deleted: true }))];
  const events = await store.events({ limit: -1 });
  await store.close();
  return EVENT_TYPES.map((type) => {
    const { position = 0, stream } = events.findLast((event) => event.type === type) ?? {};
    return { type, position, stack: stacks.find((one) => one.stream === stream)?.id ?? '' };
  });
}

/** Each use returns a result or an error that explains the damage. */
async function answersOf(path: string, stack: string): Promise<Readonly<Record<string, unknown>>> {
  await using backend = await StateBackend.open(path, { clock, skipRebuild: true });
  const answers: Record<string, unknown> = {};
  for (const [name, use] of Object.entries(usesOf(backend, stack))) {
    answers[name] = await use().catch((error: unknown) => {
      if (!(error instanceof SlothError)) throw new Error(`${name} ended in no error of ours`, { cause: error });
      return error.code;
    });
  }
  return answers;
}

type Shape = Readonly<Record<string, { isOptional(): boolean }>>;
const needed = (shape: Shape): string[] => Object.keys(shape).filter((field) => !shape[field]?.isOptional());

test('an event that lacks one of its fields is reported, or makes no difference', { timeout: 240_000 }, async () => {
  const folder = scratchFolder();
  const [whole, damaged] = [join(folder, 'whole.db'), join(folder, 'damaged.db')];
  const cases = (await liveIn(whole)).flatMap((last) => [
    ...needed(catalogue[last.type].shape).map((field) => ({ ...last, column: 'data', field })),
    ...(last.type === 'ResourceUpdated'
      ? needed(metaSchema.shape).map((field) => ({ ...last, column: 'meta', field }))
      : []),
  ]);
  const reported = new Set<string>();
  const before = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { type, position, stack, column, field } of cases) {
    copyFileSync(whole, damaged);
    const expected = before.get(stack) ?? (await answersOf(damaged, stack));
    before.set(stack, expected);
    copyFileSync(whole, damaged);
    // One bit of a name: the rest is valid JSON.
    const name = `${field.slice(0, -1)}~`;
    tamper(
      damaged,
      `UPDATE events SET ${column} = replace(${column}, '"${field}":', '"${name}":') WHERE position = ${position}`,
    );
    for (const [use, answer] of Object.entries(await answersOf(damaged, stack))) {
      const where = `${use} without ${field} of ${type}`;
      if (answer === 'DOCUMENT_DAMAGED' || answer === 'EVENT_DAMAGED') reported.add(`${type} ${field}`);
      else expect(answer, where).toEqual(expected[use]);
    }
  }
  expect(cases.filter(({ type, field }) => !reported.has(`${type} ${field}`))).toEqual([]);
});
