import { type FieldBlame, type Json, type ResourceChange, type ResourceRecord, sensitivePaths } from '../../index.js';
import { colour, marked } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';
import { fieldLine } from './diff.js';
import { inline, shown, shownPath } from './values.js';

export function resourceTable(resources: readonly ResourceRecord[]): string {
  if (resources.length === 0) return 'No resources.';
  return table(
    [
      { title: 'ADDRESS', flexible: true },
      { title: 'STATE' },
      { title: 'SINCE', align: 'right' },
      { title: 'UPDATED' },
      { title: 'DEPENDS ON', flexible: true },
    ],
    resources.map((resource) => [
      colour.name(escapeText(resource.address)),
      escapeText(resource.value.state),
      `v${resource.version}`,
      relative(resource.updatedAt),
      escapeText(resource.value.dependencies.join(', ')),
    ]),
  );
}

export function resourceText(resource: ResourceRecord, fields: readonly (readonly [string, Json])[]): string {
  const { value } = resource;
  const head = [
    colour.heading(escapeText(resource.address)),
    `${colour.faint('id           ')} ${escapeText(resource.id)}`,
    `${colour.faint('state        ')} ${escapeText(value.state)}${value.errorMessage ? `: ${escapeText(value.errorMessage)}` : ''}`,
    `${colour.faint('set in       ')} version ${resource.version}, ${relative(resource.updatedAt)}`,
    `${colour.faint('depends on   ')} ${escapeText(value.dependencies.join(', ')) || 'nothing'}`,
  ];
  const rows = fields.map(([path, field]) => [shownPath(path), shown(field, path, sensitivePaths(value.metadata))]);
  return [...head, '', table([{ title: 'PROPERTY' }, { title: 'VALUE', flexible: true }], rows)].join('\n');
}

export function historyText(changes: readonly ResourceChange[], hidden: readonly string[]): string {
  return changes
    .map((change) => {
      const head = `${marked(change.kind, `version ${change.version}`)}  ${escapeText(change.command)} by ${escapeText(change.actor)}, ${relative(change.at)}`;
      const reason = change.reason ? [`    ${escapeText(change.reason)}`] : [];
      return [head, ...reason, ...change.fields.map((field) => `    ${fieldLine(field, hidden)}`)].join('\n');
    })
    .join('\n');
}

export const blameTable = (fields: readonly FieldBlame[], hidden: readonly string[]): string =>
  table(
    [
      { title: 'VERSION', align: 'right' },
      { title: 'WHO', flexible: true },
      { title: 'WHEN' },
      { title: 'FIELD', flexible: true },
      { title: 'VALUE', flexible: true },
    ],
    fields.map(({ path, value, version, at, actor }) => [
      `v${version}`,
      escapeText(actor),
      relative(at),
      shownPath(path),
      /^\$\.(properties|metadata)/.test(path) ? shown(value, path, hidden) : inline(value),
    ]),
  );
