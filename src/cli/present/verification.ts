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

export function verificationText({ holds, head, checks, problems }: Verification, stack: string | undefined): string {
  const text = table(
    [{ title: 'CHECK' }, { title: 'EXAMINED', align: 'right' }, { title: 'RESULT' }, { title: 'WHAT', flexible: true }],
    checks.map((check) => [
      check.name,
      `${check.examined.toLocaleString('en-US')} ${check.unit}`,
      check.problems === 0 ? colour.added('holds') : colour.removed(`${check.problems} wrong`),
      WHAT[check.name],
    ]),
  );
  const subject = stack === undefined ? 'The log and its tables' : `The events and rows of ${stack}`;
  const closing = holds
    ? colour.added(`${subject} hold, up to position ${head.position}, hash ${head.hash}`)
    : [
        ...problems.map(({ check, message }) => `${colour.removed(check)}: ${escapeText(message)}`),
        '',
        colour.removed(`${subject} do not hold.`),
        'Keep the file as it is, and restore a backup beside it to compare. Tables alone can be built anew from a log that holds: sloth-runner projections rebuild',
      ].join('\n');
  return [text, '', closing].join('\n');
}
