import { Args, Flags } from '@oclif/core';
import { verificationJson } from '../../../json/verification.js';
import { InvalidInputError } from '../../../lib/errors.js';
import { BaseCommand } from '../../base-command.js';
import { chooseDatabase } from '../../database-path.js';
import { wholeNumber } from '../../flags.js';
import { withProgress } from '../../output/progress.js';
import { isOutdated, verificationText } from '../../present/verification.js';

const HASH = /^[0-9a-f]{64}$/;

export default class AuditVerify extends BaseCommand {
  static override summary = 'Verify that the log is complete and that the tables contain nothing but the log.';
  static override description =
    'Recomputes positions, revisions and the hash chain; projects the whole log again into separate tables, and compares every row of every table; checks checkpoints, views, triggers and pages. Names the first wrong position and row, and exits with 7. Anybody who can write the file could forge a whole new chain: keep the hash that audit head prints elsewhere, and pass it with --head.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> --head 5f0c… --output json',
  ];
  static override args = {
    stack: Args.string({ description: 'only the events and rows of this stack, by name or id' }),
  };
  static override flags = {
    from: wholeNumber({
      description: 'check the chain from this position on; the hash before it is trusted',
      helpValue: 'P',
      min: 1,
    }),
    head: Flags.string({
      description: 'a hash that audit head printed before: checks that nothing up to it was removed or rewritten',
      helpValue: 'HASH',
    }),
    'chain-only': Flags.boolean({ description: 'only the log, not the tables' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditVerify);
    const { stack } = args;
    const { from, head } = flags;
    if (head !== undefined && !HASH.test(head)) {
      throw new InvalidInputError('INVALID_HASH', `--head: "${head}" is no hash`, {
        hint: 'Give the 64 hexadecimal digits that audit head prints.',
        details: { field: '--head', value: head },
      });
    }
    const backend = await this.open(flags, { skipRebuild: true });
    const verification = await withProgress('verifying', '', (onProgress) =>
      backend.getAdmin().verify({
        onProgress,
        chainOnly: flags['chain-only'],
        ...(stack === undefined ? {} : { stack }),
        ...(from === undefined ? {} : { from }),
        ...(head === undefined ? {} : { head }),
      }),
    );
    this.show(
      flags,
      () => verificationJson(verification),
      () => verificationText(verification, { stack, from }),
    );
    this.warnWhereEmpty(verification.head, chooseDatabase(flags.db).path, 'verified');
    if (!verification.holds) process.exitCode = isOutdated(verification) ? 1 : 7;
  }
}
