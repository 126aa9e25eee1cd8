import { Args } from '@oclif/core';
import { StateBackend } from '../../../index.js';
import { headJson } from '../../../json/head.js';
import { BaseCommand } from '../../base-command.js';
import { chooseDatabase } from '../../database-path.js';
import { withInputFile } from '../../input-file.js';
import { withProgress } from '../../output/progress.js';
import { headText } from '../../present/database.js';

export default class AuditImport extends BaseCommand {
  static override summary = 'Create a database from an exported log: the same events, versions, tables and hashes.';
  static override description =
    'The database named by --db must be empty or not exist yet. Every line and every hash of the log is checked; either the whole log is imported, or nothing. A valid log is complete, but does not prove who wrote it: compare the head with one you kept.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> log.jsonl --db copy.db',
    'gunzip -c log.jsonl.gz | <%= config.bin %> <%= command.id %> - --db copy.db',
  ];
  static override args = {
    file: Args.string({ description: 'a file that audit export wrote, - for standard input', required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditImport);
    const { path } = chooseDatabase(flags.db);
    const head = await withInputFile(args.file, (file, name) =>
      withProgress('importing', 'events', (onProgress) =>
        StateBackend.importLog(path, file, { name, onProgress, onCreate: () => this.noteCreated(path) }),
      ),
    );
    this.show(
      flags,
      () => ({ events: head.position, head: headJson(head) }),
      () =>
        [
          `Imported ${head.position} events.`,
          `Head: ${headText(head)}`,
          `Verify it with: ${this.config.bin} audit verify --head ${head.hash}`,
        ].join('\n'),
    );
  }
}
