import type { Impact } from '../../index.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';

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
