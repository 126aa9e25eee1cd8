import { Flags } from '@oclif/core';
import type { Replayed, ReplayStep } from '../../index.js';
import { replayedJson, stepJson } from '../../json/replay.js';
import { stackArg } from '../args.js';
import { wholeNumber } from '../flags.js';
import { interrupted } from '../interrupts.js';
import { replayedText, stepText } from '../present/replay.js';
import { StreamingCommand } from '../streaming-command.js';

export default class Replay extends StreamingCommand {
  static override summary = 'Show the history of a stack, event by event, with the changes of each.';
  static override description =
    `Helps to find out when and how a state went wrong. The events are folded into a state, which is compared with the tables at
the end; if they differ, the command exits with 7. A deleted stack can be replayed by its id.

With --follow it continues with new events, by this process or others, until interrupted (Ctrl-C), or until version
--to-version has been shown. --output json then prints JSON Lines, one event a line as it happens, and no closing words;
without --follow it prints one document.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --to-version 3 --output json',
    '<%= config.bin %> <%= command.id %> my-stack --follow',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    'to-version': wholeNumber({
      description: 'stop after this version, and the following events that do not raise it',
      helpValue: 'N',
      min: 1,
    }),
    follow: Flags.boolean({ description: 'continue with new events as they are appended' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Replay);
    const backend = await this.open(flags, { skipRebuild: true });
    const toVersion = flags['to-version'];
    const to = toVersion === undefined ? {} : { toVersion };
    if (flags.follow) {
      const steps = backend.replay(args.stack, { ...to, follow: interrupted() });
      await (flags.output === 'json' ? this.#followJson(steps) : this.#printText(steps));
      return;
    }
    await this.withProgressAside('replaying', 'events', (onProgress) => {
      const steps = backend.replay(args.stack, { ...to, onProgress });
      return flags.output === 'json' ? this.#printJson(steps) : this.#printText(steps);
    });
  }

  async #printText(steps: Steps): Promise<void> {
    const replayed = await forEach(steps, async (step) => {
      await this.emit(`${stepText(step)}\n`);
      await this.flush();
    });
    await this.emit(`\n${replayedText(replayed)}\n`);
  }

  async #printJson(steps: Steps): Promise<void> {
    let begun = false;
    const replayed = await forEach(steps, async (step) => {
      if (!begun) await this.beginDocument('steps');
      begun = true;
      await this.addItem(stepJson(step));
    });
    await this.endDocument(replayedJson(replayed));
  }

  async #followJson(steps: Steps): Promise<void> {
    await forEach(steps, (step) => this.emitLine(stepJson(step)));
  }
}

type Steps = AsyncGenerator<ReplayStep, Replayed, undefined>;

async function forEach(steps: Steps, print: (step: ReplayStep) => Promise<void>): Promise<Replayed> {
  for (;;) {
    const next = await steps.next();
    if (next.done) return next.value;
    await print(next.value);
  }
}
