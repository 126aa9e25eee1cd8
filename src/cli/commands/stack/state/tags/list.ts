import { tagsJson } from '../../../../../json/tags.js';
import { stackArg } from '../../../../args.js';
import { BaseCommand } from '../../../../base-command.js';
import { atFlags, atOf } from '../../../../flags.js';
import { escapeText } from '../../../../output/escape.js';
import { table } from '../../../../output/table.js';
import { relative } from '../../../../output/time.js';

export default class StackStateTagsList extends BaseCommand {
  static override summary = 'List the tags of a stack.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack'];
  static override args = { stack: stackArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateTagsList);
    const backend = await this.open(flags);
    const tags = await backend.getTagRecords(args.stack, atOf(flags));
    const rows = tags.map(({ tag, createdAt, createdBy }) => [
      escapeText(tag),
      relative(createdAt),
      escapeText(createdBy),
    ]);
    this.show(
      flags,
      () => tagsJson(tags),
      () =>
        rows.length === 0
          ? 'No tags.'
          : table([{ title: 'TAG', flexible: true }, { title: 'SINCE' }, { title: 'BY' }], rows),
    );
  }
}
