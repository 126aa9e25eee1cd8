import type { StackDetails, StackListItem, StateView } from '../../index.js';
import { stateHash } from '../../index.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';
import { lockLine } from './lock.js';
import { resourceTable } from './resource.js';
import { HIDDEN, inline } from './values.js';

export function stackTable(stacks: readonly StackListItem[]): string {
  if (stacks.length === 0) return 'No stacks.';
  return table(
    [
      { title: 'NAME', flexible: true },
      { title: 'STATUS' },
      { title: 'VERSION', align: 'right' },
      { title: 'RESOURCES', align: 'right' },
      { title: 'UPDATED' },
      { title: 'TAGS', flexible: true },
      { title: 'ID', flexible: true },
    ],
    stacks.map((stack) => [
      colour.name(escapeText(stack.name)) + (stack.locked ? ' (locked)' : ''),
      escapeText(stack.status),
      String(stack.stateVersion),
      String(stack.resourceCount),
      relative(stack.updatedAt),
      escapeText(stack.tags.join(', ')),
      colour.faint(escapeText(stack.id)),
    ]),
  );
}

export function detailsText({ state, tags, lock }: StackDetails): string {
  const { stack, document } = state;
  const line = (label: string, value: string) => `${colour.faint(label.padEnd(13))} ${value}`;
  const latest = state.version === stack.stateVersion ? '' : ` of ${stack.stateVersion}`;
  const lines = [
    colour.heading(escapeText(document.name)),
    line('id', escapeText(stack.id)),
    line('status', escapeText(document.status)),
    line('version', `${state.version}${latest}${document.version ? ` (${escapeText(document.version)})` : ''}`),
    ...(document.description ? [line('description', escapeText(document.description))] : []),
    ...(document.workflowFile ? [line('workflow', escapeText(document.workflowFile))] : []),
    line('created', `${relative(stack.createdAt)}, updated ${relative(stack.updatedAt)}`),
    ...(state.executionCount > 0 ? [line('executions', executions(state))] : []),
    ...(tags.length > 0 ? [line('tags', escapeText(tags.map(({ tag }) => tag).join(', ')))] : []),
    line('lock', lock ? lockLine(lock) : 'none'),
    ...(document.origin
      ? [line('origin', escapeText(`${document.origin.format}, lineage ${document.origin.lineage}`))]
      : []),
    line('state hash', stateHash(state)),
  ];
  if (state.outputs.length > 0) {
    lines.push('', colour.heading('OUTPUTS'));
    const values = state.outputs.map(({ name, value, sensitive }) => [
      escapeText(name),
      sensitive ? HIDDEN : inline(value),
    ]);
    lines.push(table([{ title: 'NAME' }, { title: 'VALUE', flexible: true }], values));
  }
  lines.push('', colour.heading(`RESOURCES (${state.resources.length})`));
  if (state.resources.length > 0) lines.push(resourceTable(state.resources));
  return lines.join('\n');
}

function executions({ executionCount, lastDuration, lastError }: StateView): string {
  const duration = lastDuration === null ? '' : `, the last took ${lastDuration} ms`;
  return `${executionCount}${duration}${lastError ? `, failed: ${escapeText(lastError)}` : ''}`;
}
