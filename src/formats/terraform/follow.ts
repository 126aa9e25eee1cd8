import type { StackRecord } from '../../store/records.js';
import type { Apply } from '../incoming.js';
import { differenceOf, type StateText, stateText } from './changed.js';
import { parseTerraform } from './format.js';
import { incoming } from './import.js';
import { commandBetween } from './state-command.js';
import { splitList } from './text.js';

/** The next state of a stack, and the command that brings the stack to it. */
export interface Following {
  readonly command: Apply;
  readonly state: StateText;
}

const WHAT = 'state';

/**
 * The command that changes a stack from a known state to the next one. Only the difference between the two documents is
 * parsed and stated, so the cost follows the change, besides comparing the texts.
 * @param known the result of {@link toTerraformState} for the stack now; undefined if there is no state yet
 * @throws InvalidInputError for a text that is not a Terraform state; ConflictError for another lineage, a lower serial, or
 * the same serial with other content, unless forced
 */
export function following(
  stack: Pick<StackRecord, 'id' | 'name'>,
  known: StateText | undefined,
  text: string,
  force: boolean,
): Following {
  const { before, after, state } = (known && differenceOf(known, text)) ?? readWhole(known, text);
  return { command: commandBetween(stack, before && incoming(before), incoming(after), force), state };
}

/**
 * Checks in advance, in another thread, that {@link following} will accept a document: parses what it would parse.
 * @param known the previous text, if it is split into blocks
 * @throws InvalidInputError for a text that is not a Terraform state
 */
export function checkState(text: string, known: string | undefined): void {
  const blocks = known === undefined ? undefined : splitList(known, 'resources', '');
  const difference = blocks && differenceOf({ text: known as string, blocks }, text);
  if (!difference) parseTerraform(text, WHAT);
}

function readWhole(known: StateText | undefined, text: string) {
  const after = parseTerraform(text, WHAT);
  return { before: known && parseTerraform(known.text, WHAT), after, state: stateText(text, after) };
}
