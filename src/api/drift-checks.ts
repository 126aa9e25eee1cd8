import { readFile } from 'node:fs/promises';
import {
  type ActualStateSource,
  type Comparison,
  compareActual,
  namesSource,
  type ObserveContext,
  type ProbeAllowance,
  sourceFrom,
} from '../drift/index.js';
import type { Json } from '../lib/json.js';
import { stackMoment } from '../queries/at.js';
import type { Receipt } from '../store/event-store.js';
import type { OnProgress } from '../store/maintenance.js';
import type { CallOptions } from './options.js';
import { StackChanges } from './stack-changes.js';

export interface DriftCheckOptions extends CallOptions, ObserveContext {
  readonly onProgress?: OnProgress;
}

/** The result of a drift check; the findings themselves are recorded. */
export interface DriftCheck extends Omit<Comparison, 'findings'> {
  readonly stackId: string;
  /** Undefined if nothing was recorded. */
  readonly receipt: Receipt | undefined;
}

/** Compares stacks with their actual state. */
export class DriftChecks extends StackChanges {
  /**
   * Compares a stack's resources with their actual state and records the differences as one commit: new findings, changed
   * ones, and those that no longer hold. Nothing is recorded if nothing changed.
   * @throws errors of the source; InvalidInputError `NOTHING_EXPECTED` if a resource was removed during the comparison
   */
  async checkDrift(
    stack: string,
    source: ActualStateSource,
    { onProgress, signal, note, ...call }: DriftCheckOptions = {},
  ): Promise<DriftCheck> {
    const { stack: record } = await this.read((s) => stackMoment(s, stack));
    const context = { ...(onProgress && { onProgress }), ...(signal && { signal }), ...(note && { note }) };
    const { findings, ...comparison } = await compareActual(this.engine.store, record, source, context);
    const [first, ...rest] = findings;
    const receipt =
      first && (await this.execute({ type: 'detectDrift', stack: record.id, findings: [first, ...rest] }, call));
    return { stackId: record.id, ...comparison, receipt };
  }

  /**
   * The source of actual state that a stack's configuration names, under `drift`; undefined if it names none. It decides
   * which file is read and which program runs: use it only if everybody who may write the stack may decide that. A probe
   * reads only what `allowance` allows.
   * @throws InvalidInputError `DRIFT_CONFIGURATION_INVALID`, and for a file that cannot be read or used
   */
  async driftSource(stack: string, allowance: ProbeAllowance = {}): Promise<ActualStateSource | undefined> {
    return sourceFrom(await this.#configuration(stack), 'configuration', (path) => readFile(path), allowance);
  }

  /** Whether a stack's configuration names a source of actual state. Reads and runs nothing. */
  async hasDriftSource(stack: string): Promise<boolean> {
    return namesSource(await this.#configuration(stack));
  }

  async #configuration(stack: string): Promise<Json> {
    return this.read(function* (s) {
      const { stack: record } = yield* stackMoment(s, stack);
      return (yield* s.document(record.stream)).document.configuration;
    });
  }
}
