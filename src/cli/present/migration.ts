import type { MigrationReport } from '../../index.js';
import { shellWord } from '../../lib/shell-word.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';
import { headText } from './database.js';

/** Entries shown; the report contains all of them. */
const SHOWN = 20;

interface Files {
  readonly bin: string;
  readonly report: string | undefined;
  readonly script: string | undefined;
}

export function migrationText(report: MigrationReport, { bin, report: file, script }: Files): string {
  const scratch = report.dry_run;
  return [
    table(
      [
        { title: 'TABLE' },
        { title: 'ROWS', align: 'right' },
        { title: 'MIGRATED', align: 'right' },
        { title: 'REPAIRED', align: 'right' },
        { title: 'REJECTED', align: 'right' },
        { title: 'KNOWN', align: 'right' },
      ],
      (Object.entries(report.rows) as [string, NonNullable<MigrationReport['rows']['state']>][]).map(
        ([name, { rows, migrated, repaired, rejected, known }]) => [
          name,
          ...[rows, migrated].map(String),
          repaired === 0 ? '0' : colour.changed(String(repaired)),
          rejected === 0 ? '0' : colour.removed(String(rejected)),
          String(known),
        ],
      ),
    ),
    '',
    ...entryLines(report, file),
    `${scratch ? 'Would come of it' : 'Taken in'}: ${report.stacks_migrated} stacks, ${report.events} events, ${report.duration.toFixed(1)} s.`,
    `Head: ${headText({ ...report.head, recordedAt: null })}`,
    ...verificationLines(report),
    ...(report.backup === null ? [] : [`What the target held before is in ${escapeText(report.backup)}`]),
    ...(file === undefined ? [] : [`Report: ${escapeText(file)}`]),
    ...(script === undefined
      ? []
      : [
          `Script: run it with: (umask 077; sqlite3 ${escapeText(shellWord(report.target))} < ${escapeText(shellWord(script))})`,
        ]),
    scratch ? 'Nothing was changed.' : `Look at it with: ${bin} stack state list --db ${escapeText(report.target)}`,
  ].join('\n');
}

function entryLines({ entries }: MigrationReport, file: string | undefined): string[] {
  if (entries.length === 0) return [];
  const rejectedFirst = [...entries].sort(
    (a, b) => Number(b.outcome === 'rejected') - Number(a.outcome === 'rejected'),
  );
  const more = entries.length - SHOWN;
  return [
    table(
      [
        { title: 'OUTCOME' },
        { title: 'ROW', flexible: true },
        { title: 'PROBLEM', flexible: true },
        { title: 'WHAT WAS DONE', flexible: true },
      ],
      rejectedFirst
        .slice(0, SHOWN)
        .map(({ outcome, table: name, id, problem, done }) => [
          outcome === 'rejected' ? colour.removed(outcome) : colour.changed(outcome),
          escapeText(`${name} ${id}`),
          escapeText(problem),
          escapeText(done),
        ]),
    ),
    ...(more > 0
      ? [`… and ${more} more${file === undefined ? ' (--output json, or --report FILE)' : ' in the report'}`]
      : []),
    '',
  ];
}

function verificationLines({ verification }: MigrationReport): string[] {
  if (!verification) return ['Not verified.'];
  const { stacks, audit, holds } = verification;
  const unequal = stacks.filter(({ equal }) => equal === false);
  const compared = stacks.filter(({ equal }) => equal !== null).length;
  const left = stacks.length - compared;
  const lines = unequal.flatMap(({ workflow, differences }) =>
    differences.map((difference) => `${colour.removed('differs')}: ${escapeText(`${workflow}: ${difference}`)}`),
  );
  const rejected = left === 0 ? '' : ` ${left} ${left === 1 ? 'workflow was' : 'workflows were'} rejected;`;
  const proven = `${compared - unequal.length} of ${compared} stacks equal the source;${rejected} the log and its tables ${audit.holds ? 'hold' : 'do not hold'}.`;
  return [...lines, holds ? colour.added(`Verified: ${proven}`) : colour.removed(`Verification failed: ${proven}`)];
}
