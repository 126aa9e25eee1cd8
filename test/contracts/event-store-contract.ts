import { describe } from 'vitest';
import { appending } from './appending.js';
import { closing } from './closing.js';
import { locksOfOthers } from './locks-of-others.js';
import { maintaining } from './maintaining.js';
import { oneMoment } from './one-moment.js';
import { pruning } from './pruning.js';
import { readingHistory } from './reading-history.js';
import { readingTheLog } from './reading-log.js';
import { readingOutputs } from './reading-outputs.js';
import { readingSignals } from './reading-signals.js';
import { readingStacks } from './reading-stacks.js';
import { readingState } from './reading-state.js';
import { repeating } from './repeating.js';
import { settingResources } from './setting.js';
import type { OpenStore } from './world.js';

/**
 * What every store promises: the port's every method, through the engine, on a clock that the tests move.
 * @param open gives a fresh and empty store each time
 */
export function eventStoreContract(name: string, open: OpenStore): void {
  commandsAndReads(name, open);
  describe(name, () => maintaining(open));
}

/** The part that takes no whole log each time; the other is {@link maintaining}. */
export function commandsAndReads(name: string, open: OpenStore): void {
  describe(name, () => {
    appending(open);
    repeating(open);
    locksOfOthers(open);
    pruning(open);
    settingResources(open);
    readingTheLog(open);
    readingStacks(open);
    readingState(open);
    readingOutputs(open);
    readingHistory(open);
    readingSignals(open);
    oneMoment(open);
    closing(open);
  });
}
