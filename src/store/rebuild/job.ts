import type { ProjectorInfo } from '../event-store.js';
import { type Program, wait } from '../program.js';
import type { Sql } from '../read/sql.js';

/** The single running or interrupted rebuild. Its name lists what it builds: `stacks@1 locks@1`. */
export interface Job {
  readonly projections: string;
  readonly position: number;
}

/** The table exists only while there is a job. */
const HAS_JOB = {
  sqlite: "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'rebuild_job'",
  // Reading pg_class makes the server notice what other connections created or dropped; to_regclass alone does not.
  postgres: "SELECT 1 FROM pg_class WHERE oid = to_regclass('rebuild_job')",
};
const JOB = 'SELECT projections, position FROM rebuild_job';

export function* readJob(sql: Sql): Program<Job | undefined> {
  return (yield* wait(sql.get(HAS_JOB))) ? yield* wait(sql.get<Job>(JOB)) : undefined;
}

export const jobName = (projectors: readonly Pick<ProjectorInfo, 'name' | 'version'>[]): string =>
  projectors.map(({ name, version }) => `${name}@${version}`).join(' ');
