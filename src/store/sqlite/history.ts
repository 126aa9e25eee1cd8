import type { TableDefinition } from '../table-definitions.js';

/** The lowest 30 bits, so that their square is no larger than SQLite's integers. */
const PLACE = '(position & 1073741823)';

/**
 * Rows that are found by their resource and version, and not by the row that follows them: those that end a resource, and
 * of the others each eighth. Which they are, the position says by three bits of its square, scattered: of multiples of a
 * number such bits come in turn, and what a log repeats (commits of 36 resources, say) would meet none of them for long.
 */
const MARKED = `(present = 0 OR (((${PLACE} * ${PLACE} >> 7) & 1073741823) * 2654435761 >> 25) & 7 = 0)`;

/**
 * The history of all resources in the order of the log, so that those of a commit lie together, whatever stacks it is of. Each
 * row names the one it took the place of, `previous`; none where the resource was not there (docs/adr/0022).
 */
export const RESOURCE_HISTORY: TableDefinition = {
  columns: `(
      position INTEGER PRIMARY KEY, resource INTEGER NOT NULL, version INTEGER NOT NULL, present INTEGER NOT NULL, previous INTEGER
    ) STRICT`,
  indexes: [{ name: 'resource_history_marked', on: `(resource, version) WHERE ${MARKED}` }],
};

/** What an earlier schema kept by resource and version, in this layout. */
export const historyOf = (earlier: string): string => `
SELECT position, resource, version, present, CASE WHEN lag(present) OVER life = 1 THEN lag(position) OVER life END
FROM ${earlier} WINDOW life AS (PARTITION BY resource ORDER BY version) ORDER BY position`;

/**
 * The position of the event that a resource `r` had its value of at a version; NULL where it was not there. From the first
 * marked row after that version, else from its present value, it is some eight steps back.
 * @param version an expression
 */
export const valueAt = (version: string): string => `(
  WITH RECURSIVE life (position, version, previous) AS (
    SELECT position, version, previous FROM resource_history
    WHERE position = coalesce((SELECT position FROM resource_history
                               WHERE resource = r.resource AND ${MARKED} AND version > ${version} ORDER BY version LIMIT 1), r.position)
    UNION ALL
    SELECT h.position, h.version, h.previous FROM life l JOIN resource_history h ON h.position = l.previous
    WHERE l.version > ${version} AND h.position < l.position)
  SELECT position FROM life WHERE version <= ${version})`;

/**
 * The positions of all events of resources: from the present value, and from where it ended before, back.
 * @param which a condition on the rows `r` of resources
 */
export const allValues = (which: string): string => `
  WITH RECURSIVE life (position, previous) AS (
    SELECT h.position, h.previous FROM resource_rows r JOIN resource_history h ON h.position = r.position WHERE ${which}
    UNION ALL
    SELECT h.position, h.previous FROM resource_rows r JOIN resource_history h ON h.resource = r.resource
    WHERE ${which} AND h.present = 0
    UNION ALL
    SELECT h.position, h.previous FROM life l JOIN resource_history h ON h.position = l.previous
    WHERE h.position < l.position)
  SELECT position FROM life`;
