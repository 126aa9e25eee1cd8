import { Flags } from '@oclif/core';
import { type ActualStateSource, newestFindings, type StateBackend } from '../../../../index.js';
import { driftsJson } from '../../../../json/drift.js';
import { InvalidInputError } from '../../../../lib/errors.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { nothingRecorded, refuseNothingCompared } from '../../../drift-coverage.js';
import { idOf, type SourceValues, sourceFlags, sourceOf, unusedSource } from '../../../drift-source.js';
import { atFlags, atOf } from '../../../flags.js';
import { escapeText } from '../../../output/escape.js';
import { withProgress } from '../../../output/progress.js';
import { checkText, driftText, isPending } from '../../../present/drift.js';

/** Exit code for drift, with `--exit-code`. */
const DRIFTED = 6;

const PAST = ['at-version', 'at-time', 'at-position'] as const;

export default class StackStateDrift extends BaseCommand {
  static override summary = 'Compare resources with their actual state, and show the newest finding of each.';
  static override description =
    `With a source of the actual state every resource that it finds is compared, and differences are recorded as one commit.
Without a source, or with --recorded, the recorded findings are shown.

--probe reads only files below --probe-path and requests only the hosts of --probe-host: everybody who may write the stack
chooses paths and URLs, and can see the differences. Content, bodies and headers are compared; if they differ, their SHA-256
and length are recorded, and the content itself only with --record-content.

--configured uses the source that the stack's configuration names, with the program or file it names:
{"drift": {"source": "exec", "command": "./look", "timeout": "30s"}}; the other sources are actual (file, complete),
terraform-plan (file), terraform-dir (dir, timeout) and probe (timeout, concurrency).

Resources that were not compared are listed with the reason. The command exits with 1 if one could not be read or may not be
probed; with --exit-code also if the source has no data for one, and with 2 if nothing was compared at all, or if the stack
has no resources and the source names some.`;
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
      description: 'exit with 0 even if the source has no data for some resources',
      dependsOn: ['exit-code'],
    }),
    recorded: Flags.boolean({
      description: 'show the recorded findings, as without a source',
      exclusive: Object.keys(sourceFlags),
    }),
    ...sourceFlags,
    ...atFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDrift);
    const at = atOf(flags);
    const backend = await this.open(flags);
    const stack = await idOf(backend, args.stack);
    const source = flags.recorded || at ? undefined : await sourceOf(flags, backend, stack);
    if (at) this.#refuseSources(flags);
    if (!source && !flags.recorded && !at && (await backend.hasDriftSource(stack))) {
      this.note(escapeText(unusedSource(args.stack)));
    }
    const check = source && (await this.#check(backend, stack, source));
    const drift = await backend.getDrift(stack, at, { newest: !flags.all });
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
    throw new InvalidInputError('NOT_BOTH', `--${named} cannot be used with --${past}: the past has no actual state`, {
      hint: 'Leave one of the two out.',
      details: { field: named },
    });
  }
}
