import { type FieldBlame, type Json, type ResourceChange, type ResourceRecord, sensitivePaths } from '../../index.js';
import { colour, marked } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { relative } from '../output/time.js';
import { fieldLine } from './diff.js';
import { inline, shown } from './values.js';

/** The columns of the specification's `resources`, with the address. */
export const resourceJson = (stackId: string, resource: ResourceRecord) => ({
  id: resource.id,
  stack_id: stackId,
  address: resource.address,
  type: resource.type,
  name: resource.name,
  module: resource.module,
  properties: resource.value.properties,
  dependencies: resource.value.dependencies,
  state: resource.value.state,
  checksum: resource.value.checksum,
  created_at: resource.createdAt,
  updated_at: resource.updatedAt,
  last_applied: resource.value.lastApplied,
  error_message: resource.value.errorMessage,
  metadata: resource.value.metadata,
  version: resource.version,
});

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
  const rows = fields.map(([path, field]) => [
    escapeText(path.slice(2)),
    shown(field, path, sensitivePaths(value.metadata)),
  ]);
  return [...head, '', table([{ title: 'PROPERTY' }, { title: 'VALUE', flexible: true }], rows)].join('\n');
}

export const changeJson = (change: ResourceChange) => ({
  version: change.version,
  position: change.position,
  kind: change.kind,
  at: change.at,
  actor: change.actor,
  command: change.command,
  reason: change.reason ?? null,
  fields: change.fields,
});

export function historyText(changes: readonly ResourceChange[], hidden: readonly string[]): string {
  return changes
    .map((change) => {
      const head = `${marked(change.kind, `version ${change.version}`)}  ${change.command} by ${escapeText(change.actor)}, ${relative(change.at)}`;
      const reason = change.reason ? [`    ${escapeText(change.reason)}`] : [];
      return [head, ...reason, ...change.fields.map((field) => `    ${fieldLine(field, hidden)}`)].join('\n');
    })
    .join('\n');
}

export const blameJson = (field: FieldBlame) => ({
  path: field.path,
  value: field.value,
  version: field.version,
  at: field.at,
  actor: field.actor,
  reason: field.reason ?? null,
});

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
      escapeText(path.slice(2)),
      /^\$\.(properties|metadata)/.test(path) ? shown(value, path, hidden) : inline(value),
    ]),
  );
