import type { Projection } from '../event-store.js';
import type { ProjectionStatus } from '../maintenance.js';
import { type Program, wait } from '../program.js';
import { readCheckpoints, readHead } from '../read/log.js';
import type { Sql } from '../read/sql.js';
import { jobName, readJob } from './job.js';

/** Inside a snapshot transaction. */
export function* projectionStatus(sql: Sql, { projectors }: Projection): Program<ProjectionStatus[]> {
  const head = (yield* wait(readHead(sql))).position;
  const checkpoints = new Map((yield* wait(readCheckpoints(sql))).map((checkpoint) => [checkpoint.name, checkpoint]));
  const job = yield* readJob(sql);
  const building = job?.projections.split(' ') ?? [];
  const states: ProjectionStatus[] = [];
  for (const projector of projectors) {
    const { name, version, tables } = projector;
    const { position, version: built } = checkpoints.get(name) ?? { position: 0, version: 0 };
    const counted = [];
    for (const table of tables) {
      const count = yield* wait(sql.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`));
      counted.push({ name: table, rows: count?.rows ?? 0 });
    }
    const rebuilding = building.includes(jobName([projector])) ? (job?.position ?? null) : null;
    states.push({ name, version: built, wanted: version, position, lag: head - position, tables: counted, rebuilding });
  }
  return states;
}
