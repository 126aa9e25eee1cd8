import { Flags } from '@oclif/core';
import type { DecidedChange, StackCommand } from '../../../../index.js';
import { receiptJson } from '../../../../json/receipt.js';
import { resourceArg, stackArg } from '../../../args.js';
import { ASSIGNMENT_HELP, assignments } from '../../../assignments.js';
import { BaseCommand } from '../../../base-command.js';
import { callOptions, missingFlag, writeFlags } from '../../../flags.js';
import { readObject } from '../../../input.js';
import { changesText } from '../../../present/diff.js';

export default class StackResourceSet extends BaseCommand {
  static override summary = 'Create a resource, or change some of its properties.';
  static override description =
    `The named properties are set and the others stay; with --replace the others are removed. ${ASSIGNMENT_HELP}`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack aws_instance.web --property size=3 --property name=web-1',
    '<%= config.bin %> <%= command.id %> my-stack aws_db_instance.main --property password=@password.txt',
    'pass show db | <%= config.bin %> <%= command.id %> my-stack aws_db_instance.main --property password=@-',
    '<%= config.bin %> <%= command.id %> my-stack aws_instance.web --properties properties.json --replace',
  ];
  static override args = { stack: stackArg, resource: resourceArg };
  static override flags = {
    property: Flags.string({
      char: 'p',
      description: 'a property, KEY=VALUE, or KEY=@FILE for the text of a file; repeat it for several',
      multiple: true,
      helpValue: 'KEY=VALUE',
    }),
    properties: Flags.string({
      description: 'properties from a YAML or JSON file, - for standard input',
      helpValue: 'FILE',
    }),
    replace: Flags.boolean({ description: 'remove properties that are not named' }),
    'depends-on': Flags.string({
      description: 'a resource it depends on; repeat it for several',
      multiple: true,
      helpValue: 'ADDRESS',
    }),
    ...missingFlag,
    state: Flags.string({ description: 'its state, such as applied, pending, failed', helpValue: 'STATE' }),
    id: Flags.string({ description: 'id for a new resource', helpValue: 'ID' }),
    module: Flags.string({ description: 'its module, where the address does not say', helpValue: 'MODULE' }),
    ...writeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackResourceSet);
    const fromFile = flags.properties === undefined ? {} : await readObject(flags.properties, '--properties');
    const { properties, hidden } = await assignments(flags.property ?? [], fromFile);
    const backend = await this.open(flags);
    const command: StackCommand = {
      type: 'setResource',
      stack: args.stack,
      resource: args.resource,
      ...(flags.module === undefined ? {} : { module: flags.module }),
      mode: flags.replace ? 'replace' : 'merge',
      properties,
      ...(flags['depends-on'] ? { dependencies: flags['depends-on'] } : {}),
      ...(flags.state === undefined ? {} : { state: flags.state }),
      ...(flags.id === undefined ? {} : { id: flags.id }),
      allowMissing: flags['allow-missing'],
    };
    const done = await backend.execute(command, callOptions(flags));
    this.show(
      flags,
      () => receiptJson(done),
      () =>
        done.events === 0
          ? `${args.resource} is like that already.`
          : `${changesText(hiding(done.changes, hidden))}\nVersion ${done.version} of ${args.stack}.`,
    );
  }
}

/** The changes without those of some properties of the resource. */
const hiding = (changes: readonly DecidedChange[], paths: readonly string[]): DecidedChange[] =>
  changes.map((change) => ({ ...change, hidden: [...change.hidden, ...paths] }));
