import { Flags } from '@oclif/core';
import { versionsJson } from '../../../../json/versions.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf, limitFlag } from '../../../flags.js';
import { versionTable } from '../../../present/versions.js';

export default class StackStateVersions extends BaseCommand {
  static override summary = 'List the versions of a stack, newest first; snapshots are marked.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --snapshots --limit 5',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    limit: limitFlag(50),
    snapshots: Flags.boolean({ description: 'only versions marked by a snapshot' }),
    ...atFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateVersions);
    const backend = await this.open(flags);
    const at = atOf(flags);
    const list = await backend.listVersions(args.stack, {
      limit: flags.limit,
      onlySnapshots: flags.snapshots,
      ...(at ? { at } : {}),
    });
    this.show(
      flags,
      () => versionsJson(list),
      () => versionTable(list.versions),
    );
  }
}
