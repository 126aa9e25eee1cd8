import type { ProjectionStatus } from '../../index.js';
import { colour } from '../output/colour.js';
import { table } from '../output/table.js';

const rowsOf = ({ tables }: ProjectionStatus): number => tables.reduce((sum, { rows }) => sum + rows, 0);

export function projectionTable(projections: readonly ProjectionStatus[]): string {
  const text = table(
    [
      { title: 'PROJECTION' },
      { title: 'VERSION', align: 'right' },
      { title: 'CHECKPOINT', align: 'right' },
      { title: 'LAG', align: 'right' },
      { title: 'ROWS', align: 'right' },
      { title: 'TABLES', flexible: true },
    ],
    projections.map((projection) => [
      projection.name,
      projection.version === projection.wanted
        ? String(projection.version)
        : colour.removed(`${projection.version}, not ${projection.wanted}`),
      String(projection.position),
      projection.lag === 0 ? '0' : colour.removed(String(projection.lag)),
      rowsOf(projection).toLocaleString('en-US'),
      projection.tables.map(({ name, rows }) => `${name} ${rows.toLocaleString('en-US')}`).join(', '),
    ]),
  );
  const stale = projections.filter(({ version, wanted, lag }) => version !== wanted || lag !== 0);
  const broken = projections.filter(({ rebuilding }) => rebuilding !== null);
  const remarks = [
    ...(broken.length > 0
      ? [
          `A rebuild of ${broken.map(({ name }) => name).join(', ')} is running or was interrupted at position ${broken[0]?.rebuilding}; run it again to resume.`,
        ]
      : []),
    ...(stale.length > 0
      ? [`Bring up to date with: sloth-runner projections rebuild ${stale.map(({ name }) => name).join(' ')}`]
      : []),
  ];
  return [text, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}
