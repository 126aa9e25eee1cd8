import { describe } from 'vitest';
import { appending } from './appending.js';
import { closing } from './closing.js';
import { locksOfOthers } from './locks-of-others.js';
import { maintaining } from './maintaining.js';
import { oneMoment } from './one-moment.js';
import { pruning } from './pruning.js';
import { readingAnnotations } from './reading-annotations.js';
import { readingHistory } from './reading-history.js';
import { readingTheLog } from './reading-log.js';
import { readingOutputs } from './reading-outputs.js';
import { readingStacks } from './reading-stacks.js';
import { readingState } from './reading-state.js';
import { repeating } from './repeating.js';
import { settingResources } from './setting.js';
import type { OpenStore } from './world.js';

/**
 * The guarantees of every store: every method of the port, through the engine, with a test clock.
 * @param open returns a new, empty store each time
 */
export function eventStoreContract(name: string, open: OpenStore): void {
  commandsAndReads(name, open);
  describe(name, () => maintaining(open));
}

/** The tests that do not need a whole log each time; the others are {@link maintaining}. */
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
    readingAnnotations(open);
    oneMoment(open);
    closing(open);
  });
}
