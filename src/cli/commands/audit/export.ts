import { Args, Flags } from '@oclif/core';
import { headJson } from '../../../json/head.js';
import { InvalidInputError } from '../../../lib/errors.js';
import { chooseDatabase } from '../../database-path.js';
import { endOnSignals } from '../../interrupts.js';
import { escapeText } from '../../output/escape.js';
import { withProgress } from '../../output/progress.js';
import { headText } from '../../present/database.js';
import { StreamingCommand } from '../../streaming-command.js';

export default class AuditExport extends StreamingCommand {
  static override summary = 'Write the whole log to a file that anybody can read and verify.';
  static override description =
    `One line of JSON for each event, with all fields that its hash covers: docs/log-format.md. audit import creates an equal
database from it. The file (mode 0600) gets its name only when it is complete and on disk. Values that are masked in tables
are not masked in it.

With - the log goes to standard output, whatever --output is, and errors to standard error.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> log.jsonl',
    '<%= config.bin %> <%= command.id %> - | gzip > log.jsonl.gz',
  ];
  static override args = {
    file: Args.string({ description: 'the file to write, - for standard output', required: true }),
  };
  static override flags = { overwrite: Flags.boolean({ description: 'replace the file if it exists' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditExport);
    const toStdout = args.file === '-';
    if (toStdout && flags.overwrite) {
      throw new InvalidInputError('CONTRADICTION', '--overwrite: standard output is no file to replace', {
        hint: 'Leave out --overwrite, or name a file.',
        details: { field: '--overwrite' },
      });
    }
    if (toStdout) this.beginForeign();
    endOnSignals();
    const backend = await this.open(flags, { skipRebuild: true });
    const admin = backend.getAdmin();
    const location = chooseDatabase(flags.db).path;
    if (toStdout) {
      const head = await this.withProgressAside('exporting', 'events', (onProgress) =>
        admin.exportLog((text) => this.emit(text), { onProgress }),
      );
      this.warnWhereEmpty(head, location, 'exported');
      return;
    }
    const head = await withProgress('exporting', 'events', (onProgress) =>
      admin.exportLog(args.file, { overwrite: flags.overwrite, onProgress }),
    );
    this.warnWhereEmpty(head, location, 'exported');
    this.show(
      flags,
      () => ({ file: args.file, events: head.position, head: headJson(head) }),
      () => [`Exported ${head.position} events to ${escapeText(args.file)}.`, `Head: ${headText(head)}`].join('\n'),
    );
  }
}
