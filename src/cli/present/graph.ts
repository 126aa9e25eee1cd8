import type { GraphView, Impact } from '../../index.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';

export const graphJson = (view: GraphView) => ({
  stack_id: view.stack.id,
  version: view.version,
  nodes: view.nodes.map(({ address, id, type, missing }) => ({ address, id, type, missing })),
  edges: view.edges.map(({ address, target, type, path }) => ({ from: address, to: target, type, path })),
  order: view.order,
  cycles: view.cycles,
});

export const impactJson = (impact: Impact) => ({
  stack_id: impact.stack.id,
  version: impact.version,
  resource: impact.resource,
  affected: impact.affected.map(({ address, type, depth, via }) => ({ address, type, depth, via })),
});

export function impactTable({ resource, affected }: Impact): string {
  if (affected.length === 0) return `Nothing depends on ${escapeText(resource)}.`;
  return table(
    [
      { title: '#', align: 'right' },
      { title: 'RESOURCE', flexible: true },
      { title: 'TYPE', flexible: true },
      { title: 'DEPTH', align: 'right' },
      { title: 'VIA', flexible: true },
    ],
    affected.map(({ address, type, depth, via }, index) => [
      String(index + 1),
      colour.name(escapeText(address)),
      escapeText(type ?? ''),
      String(depth),
      escapeText(via.join(', ')),
    ]),
  );
}
