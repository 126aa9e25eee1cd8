import { resourceJson } from '../../../../json/resource.js';
import { leaves } from '../../../../lib/json.js';
import { resourceArg, stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { resourceText } from '../../../present/resource.js';

export default class StackResourceShow extends BaseCommand {
  static override summary = 'Show one resource.';
  static override examples = ['<%= config.bin %> <%= command.id %> my-stack aws_instance.web --at-version 2'];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = atFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackResourceShow);
    const backend = await this.open(flags);
    const { stack, resource } = await backend.getResource(args.stack, args.resource, atOf(flags));
    this.show(
      flags,
      () => resourceJson(stack.id, resource),
      () => resourceText(resource, leaves(resource.value.properties)),
    );
  }
}
