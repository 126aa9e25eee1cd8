import type { Command } from '../commands/index.js';
import { type DocumentFormat, formatOf } from '../formats/document-format.js';
import type { InteropFormat } from '../formats/formats.js';
import type { RunTask } from '../formats/tasks.js';
import type { JsonObject } from '../lib/json.js';
import { unpackJson } from '../lib/packed-json.js';
import { readState } from '../queries/state.js';
import type { At } from '../store/event-store.js';
import { DriftChecks } from './drift-checks.js';
import type { EdgeOptions } from './options.js';

/** A command about a stack, which is named by name or id. */
export type StackCommand = Exclude<Command, { type: 'createStack' }>;

/** Documents of other tools, and desired states, as commands; and stacks as documents of other tools. */
export class Documents extends DriftChecks {
  /**
   * The command that changes a stack to the desired state of a YAML or JSON document. Pass it to `execute`, with `dryRun` to
   * see the plan.
   * @throws InvalidInputError for a document that is not a desired state
   */
  async desiredStateCommand(
    stack: string,
    document: Uint8Array,
    options: {
      readonly name?: string;
      /** Default: JSON if the name ends in `.json`, else YAML. */
      readonly format?: DocumentFormat;
      readonly prune?: boolean;
      /** Parses the document. Default: in this thread. */
      readonly run?: RunTask | undefined;
    } & EdgeOptions = {},
  ): Promise<StackCommand> {
    const { name = 'desired state', format = formatOf(name), prune = false, run, ...links } = options;
    const { applyCommand, readDesiredState, toDesiredState } = await import('../formats/desired/index.js');
    const desired = run
      ? toDesiredState(await unpackJson((await run('desired', document, { what: name, format })).output), name)
      : readDesiredState(document, name, format);
    return { ...applyCommand(stack, desired, prune), ...links };
  }

  /**
   * The command that imports the state of another tool; it creates the stack if it does not exist. With `allowMissing`,
   * dependencies on resources that the state does not contain are accepted. The command is refused if the state does not
   * follow the one that the stack then holds: a lower serial, another lineage.
   * @throws InvalidInputError for a document that is not such a state
   */
  async importCommand(
    stack: string,
    document: Uint8Array,
    options: {
      readonly from: InteropFormat;
      readonly name?: string;
      readonly force?: boolean;
      readonly allowMissing?: boolean;
      /** Parses the document. Default: in this thread. */
      readonly run?: RunTask | undefined;
    },
  ): Promise<StackCommand> {
    const { from, name = 'state', force = false, run } = options;
    const [{ FORMATS }, { importCommand }] = await Promise.all([
      import('../formats/formats.js'),
      import('../formats/document-command.js'),
    ]);
    const read = run
      ? ((await unpackJson((await run('import', document, { what: name, from })).output)) as JsonObject)
      : FORMATS[from].read(document, name);
    const command = importCommand(stack, FORMATS[from].take(read, name), force);
    return options.allowMissing ? { ...command, allowMissing: true, dependents: 'leave' } : command;
  }

  /**
   * Exports a stack in the format of another tool, now or at a past position. Imported and unchanged parts are exported
   * exactly as imported.
   */
  async exportState(stack: string, to: InteropFormat, at?: At): Promise<JsonObject> {
    const { FORMATS } = await import('../formats/formats.js');
    return FORMATS[to].give(await this.read((s) => readState(s, stack, at)));
  }
}
