import type { Verification } from '../../index.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { table } from '../output/table.js';

const WHAT = {
  storage: 'pages, tables, indexes, views and triggers are as they were made',
  chain: 'positions, revisions and hashes, recomputed',
  head: 'the head kept elsewhere is in the log',
  checkpoints: 'every projection is built up to the head',
  tables: 'every row, against the log projected again',
} as const;

interface Scope {
  readonly stack?: string | undefined;
  /** Where the check of the chain began. */
  readonly from?: number | undefined;
}

/** What was checked, as subject and verb of a sentence, and what was not. */
function scopeWords({ checks }: Verification, { stack, from = 1 }: Scope) {
  const hasTables = checks.some(({ name }) => name === 'tables');
  if (stack !== undefined) {
    const rest = hasTables ? 'the rest of the log was' : 'its rows and the rest of the log were';
    return { subject: `The events${hasTables ? ' and rows' : ''} of ${escapeText(stack)}`, isPlural: true, rest };
  }
  const isPart = from > 1;
  const after = isPart ? ` from position ${from} on` : '';
  if (hasTables) {
    const subject = `The log${after} and ${isPart ? 'the' : 'its'} tables`;
    return { subject, isPlural: true, rest: isPart ? 'the chain before it was' : undefined };
  }
  const rest = isPart ? 'the tables and the chain before it were' : 'the tables were';
  return { subject: `The chain${after}`, isPlural: false, rest };
}

/** Whether nothing is wrong except that tables were built by an older release. */
export const isOutdated = ({ outdated, problems }: Verification): boolean =>
  outdated.length > 0 && problems.every(({ check, field }) => check === 'checkpoints' && field === 'version');

/** @param scope the limits of the verification: the closing sentence names only what was checked */
export function verificationText(verification: Verification, scope: Scope): string {
  const { holds, head, checks, outdated, problems } = verification;
  const text = table(
    [{ title: 'CHECK' }, { title: 'EXAMINED', align: 'right' }, { title: 'RESULT' }, { title: 'WHAT', flexible: true }],
    checks.map((check) => [
      check.name,
      `${check.examined.toLocaleString('en-US')} ${check.unit}`,
      check.problems === 0 ? colour.added('holds') : colour.removed(`${check.problems} wrong`),
      WHAT[check.name],
    ]),
  );
  const { subject, isPlural, rest } = scopeWords(verification, scope);
  const upTo = `up to position ${head.position}${scope.stack === undefined ? `, hash ${head.hash}` : ''}`;
  const closing = holds
    ? colour.added(`${subject} ${isPlural ? 'hold' : 'holds'}, ${upTo}${rest ? `; ${rest} not checked.` : ''}`)
    : [
        ...problems.map(({ check, message }) => `${colour.removed(check)}: ${escapeText(message)}`),
        '',
        ...(isOutdated(verification)
          ? [
              `The tables of ${outdated.join(', ')} were built by an older release, so they were not checked; nothing else is wrong.`,
              'Rebuild them from the log, then verify again: sloth-runner projections rebuild',
            ]
          : [
              colour.removed(`${subject} ${isPlural ? 'do' : 'does'} not hold.`),
              'Keep the file as it is, and restore a backup beside it to compare. Tables alone can be rebuilt from a log that holds: sloth-runner projections rebuild',
            ]),
      ].join('\n');
  return [text, '', closing].join('\n');
}
