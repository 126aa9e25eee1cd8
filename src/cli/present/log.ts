import { stringify } from 'csv-stringify/sync';
import type { LogEntry } from '../../index.js';
import { entryJson } from '../../json/log.js';
import { colour } from '../output/colour.js';
import { escapeText, jsonText } from '../output/escape.js';
import { table } from '../output/table.js';
import { subject } from './versions.js';

const CSV_COLUMNS = [
  'position',
  'stack_id',
  'stack',
  'version',
  'revision',
  'type',
  'actor',
  'source',
  'command',
  'command_id',
  'reason',
  'recorded_at',
  'data',
  'hash',
] as const;

/** The title row alone. */
export const entriesCsvHeader = (): string => stringify([[...CSV_COLUMNS]]);

/**
 * Rows as defined by RFC 4180, with exact texts, escaped on a terminal as everywhere else. A text that a spreadsheet would
 * read as a formula gets a leading apostrophe, because anybody who may write to a stack chooses names and reasons
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export const entriesCsv = (entries: readonly LogEntry[], { forTerminal }: { forTerminal: boolean }): string =>
  stringify(
    entries.map((entry) => {
      const json = { ...entryJson(entry), data: jsonText(entry.event.data) };
      return CSV_COLUMNS.map((column) => {
        const cell = json[column];
        return forTerminal && typeof cell === 'string' ? escapeText(cell) : cell;
      });
    }),
    { escape_formulas: true },
  );

export const entriesTable = (entries: readonly LogEntry[]): string =>
  table(
    [
      { title: 'POSITION', align: 'right' },
      { title: 'RECORDED' },
      { title: 'WHO', flexible: true },
      { title: 'STACK', flexible: true },
      { title: 'VERSION', align: 'right' },
      { title: 'WHAT' },
      { title: 'SUBJECT', flexible: true },
    ],
    entries.map(({ stack, event }) => [
      String(event.position),
      event.recordedAt,
      escapeText(event.meta.actor),
      colour.name(escapeText(stack.name)),
      String(event.version),
      escapeText(event.type),
      escapeText(subject(event)),
    ]),
  );
