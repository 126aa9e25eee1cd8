import type { DriftCheck } from '../index.js';
import { checkJson } from '../json/drift.js';
import { InvalidInputError } from '../lib/errors.js';
import { escapeText } from './output/escape.js';

/**
 * Refuses a look that compared nothing, where the stack or the source holds something: it says nothing about drift. A stack
 * without resources is compared whole by a source that names none.
 * @throws InvalidInputError `NOTHING_COMPARED` with the reasons
 */
export function refuseNothingCompared(stack: string, check: DriftCheck): void {
  const { compared, passedOver, passedOverResources, failed, unknownResources } = check;
  const count = passedOver + failed.length;
  if (compared > 0 || (count === 0 && unknownResources.length === 0)) return;
  const [first] = failed;
  const why = first
    ? `${first.resource}: ${first.error}`
    : count > 0
      ? `${passedOverResources[0]}: the source says nothing of it`
      : `${unknownResources[0]}: the source names it, and the stack has no such resource`;
  throw new InvalidInputError(
    'NOTHING_COMPARED',
    `nothing was compared: 0 of ${count} resources of "${stack}" (${escapeText(why)})`,
    {
      hint:
        count > 0
          ? 'Name a source that finds the resources of this stack, and allow it what it must look at.'
          : 'Check the name of the stack, or import its resources first: stack import, stack apply.',
      details: { field: 'source', ...checkJson(check) },
    },
  );
}

/** That nothing is recorded from which `--exit-code` could say that there is no drift. */
export const nothingRecorded = (stack: string): InvalidInputError =>
  new InvalidInputError('NOTHING_COMPARED', `nothing was compared: no drift was ever recorded for "${stack}"`, {
    hint: 'Name a source: --actual, --terraform-plan, --terraform-dir, --exec, --probe or --configured.',
    details: { field: 'source', compared: 0 },
  });
