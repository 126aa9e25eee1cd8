import type { Command } from '../commands/index.js';
import type { Engine, Execution, Plan } from '../engine.js';
import type { Clock } from '../lib/clock.js';
import type { Query } from '../store/snapshot.js';
import type { CallOptions, OpenOptions } from './options.js';

/** Executes commands and reads snapshots; the base of all parts of the API. */
export abstract class EngineAccess {
  protected readonly engine: Engine;
  protected readonly clock: Clock;
  readonly #defaults: { readonly actor: string; readonly source: string };

  protected constructor(engine: Engine, clock: Clock, defaults: Pick<OpenOptions, 'actor' | 'source'>) {
    this.engine = engine;
    this.clock = clock;
    this.#defaults = { actor: defaults.actor ?? 'api', source: defaults.source ?? 'api' };
  }

  /**
   * Carries out any command. The other methods that change something are shortcuts for common ones. With `dryRun` the same
   * decision is made and nothing is appended.
   * @returns the receipt, and in `changes` the decided changes with the previous values
   */
  execute(command: Command, call: CallOptions & { readonly dryRun: true }): Promise<Plan>;
  execute(command: Command, call?: CallOptions & { readonly dryRun?: false }): Promise<Execution>;
  execute(
    command: Command,
    { dryRun = false, ...call }: CallOptions & { readonly dryRun?: boolean } = {},
  ): Promise<Plan | Execution> {
    const envelope = { ...this.#defaults, ...call };
    return dryRun ? this.engine.plan(command, envelope) : this.engine.execute(command, envelope);
  }

  protected read<T>(query: Query<T>): Promise<T> {
    return this.engine.store.read(query);
  }
}
