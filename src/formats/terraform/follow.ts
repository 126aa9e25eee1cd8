import { type Origin, resourceAddress } from '../../events/index.js';
import type { JsonObject } from '../../lib/json.js';
import type { ResourceRecord, StackRecord } from '../../store/records.js';
import type { Current } from '../document-command.js';
import type { Apply, Incoming } from '../incoming.js';
import { differenceOf, type StateText, stateText } from './changed.js';
import { parseTerraform } from './format.js';
import { incoming } from './import.js';
import { importTerraform } from './state-command.js';
import { splitList } from './text.js';

/** The next state of a stack, and the command that brings the stack to it. */
export interface Following {
  readonly command: Apply;
  readonly state: StateText;
}

const WHAT = 'state';

/**
 * The command that takes a stack from the state it is known to be in to the next one. Only what differs between the two
 * documents is read and stated, so it costs what changed, beside comparing the texts.
 * @param known what {@link toTerraformState} gives of the stack now; undefined where there is no state yet
 * @throws InvalidInputError for a text that is no Terraform state; ConflictError for another lineage, a lower serial, or
 *   the same serial with other content, unless forced
 */
export function following(
  { id, name }: Pick<StackRecord, 'id' | 'name'>,
  known: StateText | undefined,
  text: string,
  force: boolean,
): Following {
  const { before, after, state } = (known && differenceOf(known, text)) ?? readWhole(known, text);
  const current = currentOf(name, before && incoming(before));
  return { command: importTerraform(id, incoming(after), current, force), state };
}

/**
 * Makes sure that {@link following} finds a state, so that it costs only what a state costs: reads what it would read.
 * @param known the text before it, where that has its blocks apart
 * @throws InvalidInputError for a text that is no Terraform state
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

/** A document as what a stack holds: its lineage and serial are those that Terraform was told, whatever happened since. */
function currentOf(name: string, held: Incoming | undefined): Current {
  if (!held) return { stack: { name }, version: 0, document: { origin: null }, resources: [], outputs: [] };
  const { format, lineage, serial, header } = held;
  const origin: Origin = { format, lineage, serial, header, version: 0 };
  const resources = held.resources.map(({ module = '', type, name: own, ...value }) => ({
    address: resourceAddress({ module, type, name: own }),
    value: value as unknown as ResourceRecord['value'],
  }));
  const outputs = held.outputs.map(({ sensitive = false, metadata = null, ...output }) => ({
    ...output,
    sensitive,
    metadata: metadata as JsonObject,
  }));
  return { stack: { name }, version: 0, document: { origin }, resources, outputs };
}
