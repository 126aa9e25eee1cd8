import { Flags } from '@oclif/core';
import { type ActualStateSource, newestFindings, type StateBackend } from '../../../../index.js';
import { driftsJson } from '../../../../json/drift.js';
import { InvalidInputError } from '../../../../lib/errors.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { nothingRecorded, refuseNothingCompared } from '../../../drift-coverage.js';
import { type SourceValues, sourceFlags, sourceOf, unusedSource } from '../../../drift-source.js';
import { atFlags, atOf } from '../../../flags.js';
import { escapeText } from '../../../output/escape.js';
import { withProgress } from '../../../output/progress.js';
import { checkText, driftText, isPending } from '../../../present/drift.js';

/** Exit code for drift, with `--exit-code`. */
const DRIFTED = 6;

const PAST = ['at-version', 'at-time', 'at-position'] as const;

export default class StackStateDrift extends BaseCommand {
  static override summary =
    'Find where resources differ from what is expected of them, and show the newest finding of each.';
  static override description =
    `With a source of the actual state every resource it looks at is compared, and what differs is recorded as one commit.
Without a source, or with --recorded, what was recorded is shown.

--probe looks only at the files below --probe-path and asks only the hosts of --probe-host: everybody who may write the stack
chooses paths and URLs, and learns what differs. Content, bodies and headers are compared; their SHA-256 and length are
recorded where they differ, and what they hold only with --record-content.

--configured uses the source that the stack's configuration names, with the program or file it names:
{"drift": {"source": "exec", "command": "./look", "timeout": "30s"}}; the other sources are actual (file, complete),
terraform-plan (file), terraform-dir (dir, timeout) and probe (timeout, concurrency).

Resources that were not compared are listed with the reason. The command exits with 1 where one could not be looked at or may
not be probed; with --exit-code also where the source says nothing of one, and with 2 where nothing was compared at all: also
where the stack has no resources and the source names some.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --recorded --output json --exit-code',
    '<%= config.bin %> <%= command.id %> my-stack --actual actual.yaml --complete',
    '<%= config.bin %> <%= command.id %> my-stack --terraform-dir infrastructure/',
    '<%= config.bin %> <%= command.id %> my-stack --exec "./look --region eu" --timeout 30s',
    '<%= config.bin %> <%= command.id %> my-stack --probe --probe-path /etc/nginx --probe-path /srv/www --exit-code',
    "<%= config.bin %> <%= command.id %> my-stack --probe --probe-host '*.example.com' --probe-host 127.0.0.1:8080",
    '<%= config.bin %> <%= command.id %> my-stack --configured --exit-code --allow-partial',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    all: Flags.boolean({ description: 'every finding, not only the newest of each resource' }),
    'exit-code': Flags.boolean({
      description: `exit with ${DRIFTED} when a finding is pending; with a source, with 0 only when it compared every resource`,
    }),
    'allow-partial': Flags.boolean({
      description: 'exit with 0 also when the source says nothing of some resources',
      dependsOn: ['exit-code'],
    }),
    recorded: Flags.boolean({
      description: 'show what was recorded, as without a source',
      exclusive: Object.keys(sourceFlags),
    }),
    ...sourceFlags,
    ...atFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDrift);
    const at = atOf(flags);
    const backend = await this.open(flags);
    const source = flags.recorded || at ? undefined : await sourceOf(flags, backend, args.stack);
    if (at) this.#refuseSources(flags);
    if (!source && !flags.recorded && !at && (await backend.hasDriftSource(args.stack))) {
      this.note(escapeText(unusedSource(args.stack)));
    }
    const check = source && (await this.#check(backend, args.stack, source));
    const drift = await backend.getDrift(args.stack, at, { newest: !flags.all });
    const { findings } = drift;
    if (flags['exit-code'] && check) refuseNothingCompared(args.stack, check);
    if (flags['exit-code'] && !check && findings.length === 0) throw nothingRecorded(args.stack);
    this.show(
      flags,
      () => driftsJson(drift, check),
      () => (check ? `${driftText(findings)}\n\n${checkText(check)}` : driftText(findings)),
    );
    if (flags['exit-code'] && check && check.passedOver > 0 && !flags['allow-partial']) process.exitCode = 1;
    if (flags['exit-code'] && newestFindings(findings).some(isPending)) process.exitCode = DRIFTED;
    if (check && check.failed.length > 0) process.exitCode = 1;
  }

  #check(backend: StateBackend, stack: string, source: ActualStateSource) {
    const note = (line: string): void => this.note(escapeText(line));
    return withProgress('comparing', 'resources', (onProgress) =>
      backend.checkDrift(stack, source, { onProgress, note }),
    );
  }

  /** The actual state is the current one, so it is not compared with the past. */
  #refuseSources(flags: SourceValues & { readonly [past in (typeof PAST)[number]]?: unknown }): void {
    const past = PAST.find((flag) => flags[flag] !== undefined);
    const named = (Object.keys(sourceFlags) as (keyof SourceValues)[]).find((flag) => flags[flag]);
    if (!named) return;
    throw new InvalidInputError('NOT_BOTH', `--${named} cannot be used with --${past}: the past cannot be looked at`, {
      hint: 'Leave one of the two out.',
      details: { field: named },
    });
  }
}
