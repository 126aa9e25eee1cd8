import { Args, Flags } from '@oclif/core';
import type { LogEntry, LogFilter } from '../../../index.js';
import { entryJson } from '../../../json/log.js';
import { InvalidInputError } from '../../../lib/errors.js';
import { parseInstant } from '../../../lib/instants.js';
import { globalFlags, wholeNumber } from '../../flags.js';
import { entriesCsv, entriesCsvHeader, entriesTable } from '../../present/log.js';
import { StreamingCommand } from '../../streaming-command.js';

/** Rows formatted at once; a longer table repeats its titles. */
const ROWS = 1_000;

/** The default of `--actor`: a name that nobody can have. */
const ANYBODY = '';

export default class AuditLog extends StreamingCommand {
  static override summary = 'Print the events of all stacks, or of one, oldest first.';
  static override description =
    'Prints while it reads, so the log may have any length. CSV follows RFC 4180; a text that a spreadsheet would read as a formula gets a leading apostrophe, and control characters are escaped only for a terminal. Values are shown only with --output json and csv.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --since 2026-01-01 --actor ana',
    '<%= config.bin %> <%= command.id %> my-stack --type ResourceUpdated --type ResourceRemoved --limit 20',
    '<%= config.bin %> <%= command.id %> --output csv > log.csv',
  ];
  static override args = {
    stack: Args.string({ description: 'only events of this stack, by name or id; a deleted one too' }),
  };
  static override flags = {
    /** Here the flag is a filter, not the actor: a command that changes nothing needs none. */
    actor: Flags.string({
      description: 'only events by this actor',
      helpValue: 'NAME',
      default: async () => ANYBODY,
      noCacheDefault: true,
      parse: async (name) => {
        if (name !== ANYBODY) return name;
        throw new InvalidInputError('INVALID_INPUT', '--actor: must not be empty', {
          hint: 'Name an actor, or leave --actor out.',
          details: { field: '--actor' },
        });
      },
    }),
    output: Flags.option({
      description: 'a table for people, or JSON or CSV alone on standard output',
      options: ['table', 'json', 'csv'] as const,
      default: 'table',
      helpGroup: 'GLOBAL',
    })(),
    since: Flags.string({
      description:
        'only events recorded at or after this time (2026-01-31T12:00:00Z); a date means its beginning in UTC',
      helpValue: 'TIME',
    }),
    until: Flags.string({ description: 'only events recorded at or before this time', helpValue: 'TIME' }),
    type: Flags.string({
      description: 'only events of this type; repeat it for several',
      helpValue: 'TYPE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    limit: wholeNumber({ description: 'at most this many, the newest', helpValue: 'N', min: 1 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse({ args: AuditLog.args, flags: { ...globalFlags, ...AuditLog.flags } });
    const filter: LogFilter = {
      ...(args.stack === undefined ? {} : { stack: args.stack }),
      ...(flags.since === undefined ? {} : { since: parseInstant(flags.since, '--since') }),
      ...(flags.until === undefined ? {} : { until: parseInstant(flags.until, '--until') }),
      ...(flags.actor === ANYBODY ? {} : { actor: flags.actor }),
      ...(flags.type === undefined ? {} : { types: flags.type }),
      ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    };
    const backend = await this.open(flags, { skipRebuild: true });
    const print = { table: this.#printTable, json: this.#printJson, csv: this.#printCsv }[flags.output];
    await this.withProgressAside('reading', 'positions', (onProgress) =>
      print.call(this, backend.getLog(filter, onProgress)),
    );
  }

  async #printJson(entries: AsyncIterable<LogEntry>): Promise<void> {
    let begun = false;
    for await (const entry of entries) {
      if (!begun) await this.beginDocument('events');
      begun = true;
      await this.addItem(entryJson(entry));
    }
    if (!begun) await this.beginDocument('events');
    await this.endDocument({});
  }

  async #printCsv(entries: AsyncIterable<LogEntry>): Promise<void> {
    let header = entriesCsvHeader();
    for await (const entry of entries) {
      await this.emit(header + entriesCsv([entry], { forTerminal: process.stdout.isTTY === true }));
      header = '';
    }
    await this.emit(header);
  }

  async #printTable(entries: AsyncIterable<LogEntry>): Promise<void> {
    let rows: LogEntry[] = [];
    let printed = 0;
    const print = async (): Promise<void> => {
      await this.emit(`${printed === 0 ? '' : '\n'}${entriesTable(rows)}\n`);
      printed += rows.length;
      rows = [];
    };
    for await (const entry of entries) {
      rows.push(entry);
      if (rows.length === ROWS) await print();
    }
    if (rows.length > 0) await print();
    if (printed === 0) await this.emit('No events.\n');
  }
}
