import type { DriftCheck } from '../index.js';
import { checkJson } from '../json/drift.js';
import { InvalidInputError } from '../lib/errors.js';
import { escapeText } from './output/escape.js';

/**
 * Refuses a comparison that compared nothing although the stack or the source contains resources: it has no result. A stack
 * without resources is completely compared by a source without resources.
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
      ? `${passedOverResources[0]}: the source has no data for it`
      : `${unknownResources[0]}: the source names it, and the stack has no such resource`;
  throw new InvalidInputError(
    'NOTHING_COMPARED',
    `nothing was compared: 0 of ${count} resources of "${stack}" (${escapeText(why)})`,
    {
      hint:
        count > 0
          ? 'Name a source that finds the resources of this stack, and allow the paths and hosts it needs.'
          : 'Check the name of the stack, or import its resources first: stack import, stack apply.',
      details: { field: 'source', ...checkJson(check) },
    },
  );
}

/** Nothing was ever recorded, so `--exit-code` cannot conclude that there is no drift. */
export const nothingRecorded = (stack: string): InvalidInputError =>
  new InvalidInputError('NOTHING_COMPARED', `nothing was compared: no drift was ever recorded for "${stack}"`, {
    hint: 'Name a source: --actual, --terraform-plan, --terraform-dir, --exec, --probe or --configured.',
    details: { field: 'source', compared: 0 },
  });
