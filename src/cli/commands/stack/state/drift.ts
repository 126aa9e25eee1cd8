import { Flags } from '@oclif/core';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf } from '../../../flags.js';
import { driftJson, driftText, newest } from '../../../present/drift.js';

/** Drift was found, and `--exit-code` asked to be told. */
const DRIFTED = 6;

export default class StackStateDrift extends BaseCommand {
  static override summary = 'Show where resources differ from what is expected of them: the newest finding for each.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --output json --exit-code',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    all: Flags.boolean({ description: 'every finding, not only the newest of each resource' }),
    'exit-code': Flags.boolean({ description: `exit with ${DRIFTED} when a finding is pending` }),
    ...atFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDrift);
    const backend = await this.open(flags);
    const { stack, findings } = await backend.getDrift(args.stack, atOf(flags));
    const shown = flags.all ? findings : newest(findings);
    this.show(flags, { stack_id: stack.id, drift: shown.map(driftJson(stack.id)) }, () => driftText(shown));
    const pending = newest(findings).some(
      ({ isDrifted, resolutionStatus }) => isDrifted && resolutionStatus === 'pending',
    );
    if (flags['exit-code'] && pending) process.exitCode = DRIFTED;
  }
}
