import type { ProjectionStatus } from '../index.js';

const projectionJson = (projection: ProjectionStatus) => ({
  name: projection.name,
  version: projection.version,
  wanted_version: projection.wanted,
  checkpoint: projection.position,
  lag: projection.lag,
  rows: projection.tables.reduce((sum, { rows }) => sum + rows, 0),
  rebuilding_at: projection.rebuilding,
  tables: projection.tables,
});

export const projectionsJson = (projections: readonly ProjectionStatus[]) => ({
  projections: projections.map(projectionJson),
});
