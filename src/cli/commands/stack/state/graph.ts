import { Flags } from '@oclif/core';
import type { GraphView } from '../../../../index.js';
import { graphJson } from '../../../../json/graph.js';
import { InvalidInputError } from '../../../../lib/errors.js';
import { stackArg } from '../../../args.js';
import { BaseCommand } from '../../../base-command.js';
import { atFlags, atOf, wholeNumber } from '../../../flags.js';
import { jsonText } from '../../../output/escape.js';
import { graphDot } from '../../../present/graph-dot.js';
import { graphMermaid } from '../../../present/graph-mermaid.js';
import { graphTree } from '../../../present/graph-tree.js';

const FORMATS = ['tree', 'dot', 'mermaid', 'json'] as const;
type Format = (typeof FORMATS)[number];

const DRAW: Readonly<Record<Exclude<Format, 'json'>, (view: GraphView, reverse: boolean) => string>> = {
  tree: graphTree,
  dot: graphDot,
  mermaid: graphMermaid,
};

export default class StackStateGraph extends BaseCommand {
  static override summary = 'Show the dependencies of resources: as a tree, for Graphviz or Mermaid, or as JSON.';
  static override description =
    'An arrow points from a resource to its dependency. A tree begins at the resources without dependents and opens each resource once. JSON adds an order in which each resource comes after its dependencies, or the cycles that prevent one. Mermaid draws 500 edges unless its maxEdges is higher.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack',
    '<%= config.bin %> <%= command.id %> my-stack --root aws_vpc.main --reverse --depth 2',
    '<%= config.bin %> <%= command.id %> my-stack --format dot | dot -Tsvg > graph.svg',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    format: Flags.option({
      description: 'the format (default: tree); json is the same as --output json',
      options: FORMATS,
    })(),
    root: Flags.string({
      description: 'only this resource, by address or id, and its dependencies',
      helpValue: 'RESOURCE',
    }),
    reverse: Flags.boolean({ description: 'the dependents of the root, instead of its dependencies' }),
    depth: wholeNumber({ description: 'at most this many steps from the root', helpValue: 'N', min: 1 }),
    ...atFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateGraph);
    const format = chosenFormat(flags);
    const { root, reverse, depth } = flags;
    const backend = await this.open(flags);
    const view = await backend.getGraph(args.stack, { root, reverse, depth, at: atOf(flags) });
    this.write(format === 'json' ? jsonText(graphJson(view), 2) : DRAW[format](view, reverse));
  }

  /** With `--format json` errors are JSON too, as with `--output json`. */
  protected override wantsJson(): boolean {
    return super.wantsJson() || this.says('--format', 'json');
  }
}

function chosenFormat({ format, output }: { readonly format?: Format | undefined; readonly output: string }): Format {
  if (output !== 'json') return format ?? 'tree';
  if (format === undefined || format === 'json') return 'json';
  throw new InvalidInputError('INVALID_INPUT', `--format: ${format} is not JSON, which --output json requires`, {
    hint: 'Leave one of the two out.',
    details: { field: '--format', value: format },
  });
}
