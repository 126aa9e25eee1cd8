import type { GraphView } from '../../index.js';
import { escapeText } from '../output/escape.js';

/** For Graphviz. Nodes are identified by their addresses; an arrow points from a resource to its dependency. */
export function graphDot({ stack, nodes, edges }: GraphView): string {
  return [
    `digraph ${quoted(stack.name)} {`,
    '  rankdir=LR;',
    '  node [shape=box];',
    ...nodes.map(
      ({ address, missing }) => `  ${quoted(address)}${missing ? ' [style=dotted, color=red, fontcolor=red]' : ''};`,
    ),
    ...edges.map(
      ({ address, target, type }) =>
        `  ${quoted(address)} -> ${quoted(target)}${type === 'implicit' ? ' [style=dashed]' : ''};`,
    ),
    '}',
  ].join('\n');
}

/**
 * A name in DOT, which is also the label. A backslash begins an escape there, so a literal backslash is doubled before other
 * characters are escaped. Different names stay different.
 */
const quoted = (name: string): string => `"${escapeText(name.replace(/["\\]/g, '\\$&'))}"`;
