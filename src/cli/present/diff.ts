import { type DecidedChange, type FieldChange, HIDDEN_OF_STACK, type StateDiff, sensitivePaths } from '../../index.js';
import { colour, counts, marked } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { HIDDEN, shown, shownPath } from './values.js';

/** `properties.size: 1 → 2`. */
export function fieldLine(field: FieldChange, hidden: readonly string[]): string {
  const path = shownPath(field.path);
  const before = shown(field.before, field.path, hidden);
  const after = shown(field.after, field.path, hidden);
  if (!('before' in field)) return colour.added(`${path}: ${after}`);
  if (!('after' in field)) return colour.removed(`${path}: ${before} → (none)`);
  return `${path}: ${colour.removed(before)} → ${colour.added(after)}`;
}

const lines = (fields: readonly FieldChange[], hidden: readonly string[] = []): string[] =>
  fields.map((field) => `    ${fieldLine(field, hidden)}`);

export function diffText(diff: StateDiff): string {
  const count = (kind: string) => diff.resources.filter((item) => item.kind === kind).length;
  const text = [
    `${colour.heading(escapeText(diff.name))} version ${diff.from} → ${diff.to}  ${counts(count('added'), count('changed'), count('removed'))}`,
  ];
  if (diff.stack.length > 0) text.push(marked('changed', 'stack'), ...lines(diff.stack, HIDDEN_OF_STACK));
  for (const { key, kind, fields, before, after } of diff.resources) {
    // A value that was sensitive on either side is masked on both.
    const hidden = [before, after].flatMap((side) => sensitivePaths(side?.value.metadata));
    text.push(marked(kind, escapeText(key)), ...lines(fields, hidden));
  }
  for (const { key, kind, fields, before, after } of diff.outputs) {
    text.push(marked(kind, `output ${escapeText(key)}`));
    if (kind === 'changed') {
      text.push(...(before?.sensitive || after?.sensitive ? [`    ${HIDDEN}`] : lines(fields)));
    }
  }
  for (const { key, kind } of diff.dependencies) text.push(marked(kind, `dependency ${escapeText(key)}`));
  return text.length === 1 ? `${text[0]}\nNo differences.` : text.join('\n');
}

export function changesText(changes: readonly DecidedChange[]): string {
  if (changes.length === 0) return 'Nothing to change.';
  const count = (kind: string) => changes.filter((change) => change.what === 'resource' && change.kind === kind).length;
  return [
    ...changes.flatMap(({ what, key, kind, fields, hidden }) => {
      const head = marked(kind, what === 'resource' ? escapeText(key) : `${what} ${escapeText(key)}`);
      return kind === 'changed' || what === 'output' ? [head, ...lines(fields, hidden)] : [head];
    }),
    '',
    `Resources: ${counts(count('added'), count('changed'), count('removed'))}`,
  ].join('\n');
}
