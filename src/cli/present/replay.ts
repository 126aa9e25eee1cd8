import type { EventChange, Replayed, ReplayStep, StateCounts } from '../../index.js';
import { colour, marked } from '../output/colour.js';
import { escapeText } from '../output/escape.js';
import { fieldLine } from './diff.js';

/** The event on one line, and its changes below. */
export function stepText(step: ReplayStep): string {
  const { position, version, at, actor, type, reason } = step;
  const head = [
    colour.heading(`${position}`),
    `version ${version}`,
    colour.faint(at),
    escapeText(actor),
    colour.heading(escapeText(type)),
    ...(reason === undefined ? [] : [escapeText(reason)]),
  ];
  return [head.join('  '), ...step.changes.flatMap(changeLines)].join('\n');
}

function changeLines({ what, key, kind, fields, hidden }: EventChange): string[] {
  const name = what === 'resource' ? escapeText(key) : `${what} ${escapeText(key)}`;
  return [`  ${marked(kind, name)}`, ...fields.map((field) => `      ${fieldLine(field, hidden)}`)];
}

export const replayedText = ({ name, version, events, counts, stateHash }: Replayed): string =>
  [
    `${colour.heading(escapeText(name))} at version ${version} after ${count(events, 'event')}: ${countsText(counts)}.`,
    `State hash ${stateHash}, the same in the tables.`,
  ].join('\n');

const countsText = ({ resources, outputs, dependencies }: StateCounts): string =>
  [
    count(resources, 'resource'),
    count(outputs, 'output'),
    dependencies === 1 ? '1 dependency' : `${dependencies} dependencies`,
  ].join(', ');

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
