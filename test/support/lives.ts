import { expect } from 'vitest';
import { COMMANDS, type Command, type CommandType } from '../../src/commands/index.js';
import type { Engine } from '../../src/engine.js';
import type { StoredEvent } from '../../src/events/index.js';
import { SlothError } from '../../src/lib/errors.js';
import type { EventStore, Receipt } from '../../src/store/event-store.js';
import type { StackListItem } from '../../src/store/records.js';
import { TestClock } from './clock.js';
import { NEWEST_RULE, type Step } from './commands.js';
import { reads } from './reads.js';
import { KIND, openFresh } from './stores.js';

/** A store and its history. */
export interface Life extends Engine {
  readonly clock: TestClock;
}

/** The result of a step. */
export interface Tried {
  readonly index: number;
  readonly command: Command;
  /** Undefined for a command that was refused. */
  readonly receipt: Receipt | undefined;
}

/** The number of commands of each type that were tried and accepted. */
export class Tally {
  readonly #tried = new Map<string, number>();
  readonly #accepted = new Map<string, number>();

  count({ type }: Command, accepted: boolean): void {
    this.#tried.set(type, (this.#tried.get(type) ?? 0) + 1);
    if (accepted) this.#accepted.set(type, (this.#accepted.get(type) ?? 0) + 1);
  }

  /** The share of accepted commands. */
  share(): number {
    const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
    return sum(this.#accepted) / sum(this.#tried);
  }

  counts(): string {
    return [...this.#tried].map(([type, n]) => `${type} ${this.#accepted.get(type) ?? 0}/${n}`).join('\n');
  }

  /** Commands that were never accepted. */
  missing(): CommandType[] {
    return (Object.keys(COMMANDS) as CommandType[]).filter((type) => !this.#accepted.has(type));
  }
}

/** The initial stacks of a life: their ids are their names. */
export const FIRST_STACKS = ['s1', 's2'];

/** Creates a store with two stacks. */
export async function begin(location = KIND): Promise<Life> {
  const clock = new TestClock();
  const engine = await openFresh(location, clock);
  for (const name of FIRST_STACKS) {
    await engine.execute({ type: 'createStack', id: name, name }, { actor: 'first', commandId: `first-${name}` });
  }
  return { ...engine, clock };
}

/**
 * Executes the steps. A refused one must have an error code, and change nothing.
 * @param after is called after each step, including refused ones
 */
export async function live(
  script: readonly Step[],
  after: (life: Life, tried: Tried) => unknown = () => {},
  location?: string,
): Promise<Life> {
  const life = await begin(location);
  for (const [index, { command, wait, lockId, ...envelope }] of script.entries()) {
    life.clock.advance(wait);
    const sent = await settled(life, command);
    const before = await life.store.head();
    let receipt: Receipt | undefined;
    try {
      receipt = await life.execute(sent, {
        actor: `actor-${index % 3}`,
        ...envelope,
        ...(await lockOf(life, sent, lockId)),
      });
    } catch (error) {
      expect(error).toBeInstanceOf(SlothError);
      expect(await life.store.head()).toEqual(before);
    }
    await after(life, { index, command: sent, receipt });
  }
  return life;
}

/** The command of a step, as it is sent now. */
export async function settled({ store }: Pick<Life, 'store'>, command: Command): Promise<Command> {
  if (command.type !== 'removeDriftRule' || command.rule !== NEWEST_RULE) return command;
  const stack = await reads(store).stack(command.stack);
  const newest = stack && (await reads(store).driftRules(stack.stream)).at(-1);
  return newest ? { ...command, rule: newest.id } : command;
}

/** The lock of a step: the stack's current one, if there is one, or the named one. */
export async function lockOf(
  { store, clock }: Pick<Life, 'store' | 'clock'>,
  command: Command,
  lockId: string | undefined,
): Promise<{ lockId?: string }> {
  if (lockId !== 'held') return lockId === undefined ? {} : { lockId };
  const stack = 'stack' in command ? await reads(store).stack(command.stack) : undefined;
  const lock = stack && (await reads(store).lock(stack.stream));
  return lock && lock.expiresAt > clock.now() ? { lockId: lock.lockId } : {};
}

/** All stacks, deleted ones after live ones. */
export const allStacks = async (store: EventStore): Promise<StackListItem[]> => [
  ...(await reads(store).stacks({})),
  ...(await reads(store).stacks({ deleted: true })),
];

/** The whole log, or the events of one stack. */
export const logOf = (store: EventStore, stream?: number): Promise<readonly StoredEvent[]> =>
  store.events({ ...(stream === undefined ? {} : { stream }), limit: 1_000_000 });

/** All integers from one to the other. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
