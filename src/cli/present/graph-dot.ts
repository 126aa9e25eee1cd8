import type { GraphView } from '../../index.js';
import { escapeText } from '../output/escape.js';

/** For Graphviz. Nodes are known by their addresses; an arrow leads from a resource to what it depends on. */
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
 * A name in DOT, which is also the text drawn: there a backslash begins an escape, so one that is meant is doubled
 * before anything else is escaped by one. Different names stay different.
 */
const quoted = (name: string): string => `"${escapeText(name.replace(/["\\]/g, '\\$&'))}"`;
