import type { GraphView } from '../../index.js';
import { colour } from '../output/colour.js';
import { escapeText } from '../output/escape.js';

/** Levels before the tree continues at the left margin: a long chain would otherwise be as wide as it is long. */
const DEEPEST = 40;

interface Child {
  readonly address: string;
  readonly implicit: boolean;
}

interface Branch extends Child {
  /** Whether it continues with a subtree that was too deep. */
  readonly continued: boolean;
  readonly level: number;
  /** The prefix of its name, and that of its children. */
  readonly margin: string;
  readonly inner: string;
}

const atMargin = (address: string, continued = false): Branch => ({
  address,
  implicit: false,
  continued,
  level: 0,
  margin: '',
  inner: '',
});

/**
 * Draws the tree from each resource without dependents, or from the root, to the dependencies; with `reverse` from the root
 * to the dependents. Each edge is one line. A subtree that was drawn before is named, and not drawn again.
 */
export function graphTree(view: GraphView, reverse = false): string {
  if (view.nodes.length === 0) return 'No resources.';
  const children = childrenOf(view, reverse);
  const missing = new Set(view.nodes.filter((node) => node.missing).map(({ address }) => address));
  const named = new Set<string>();
  const opened = new Set<string>();
  const lines: string[] = [];
  const starts = rootsOf(view).map((address) => atMargin(address));

  const draw = (branch: Branch): readonly Branch[] => {
    const { address, level, inner } = branch;
    const below = children.get(address) ?? [];
    const shown = below.length > 0 && opened.has(address);
    const tooDeep = below.length > 0 && !shown && level === DEEPEST;
    lines.push(lineOf(branch, missing.has(address), shown ? 'shown above' : tooDeep ? 'continued below' : ''));
    named.add(address);
    if (tooDeep) starts.push(atMargin(address, true));
    if (shown || tooDeep) return [];
    opened.add(address);
    return below.map((child, index) => {
      const [corner, line] = index === below.length - 1 ? ['└─ ', '   '] : ['├─ ', '│  '];
      return { ...child, continued: false, level: level + 1, margin: inner + corner, inner: inner + line };
    });
  };
  const drawAll = (): void => {
    for (const start of starts) {
      if (start.continued && opened.has(start.address)) continue;
      const open = [start];
      for (let branch = open.pop(); branch; branch = open.pop()) {
        for (const child of draw(branch).toReversed()) open.push(child);
      }
    }
    starts.length = 0;
  };

  drawAll();
  for (const { address } of view.nodes) {
    if (named.has(address)) continue; // otherwise it is on a cycle that no root reaches
    starts.push(atMargin(address));
    drawAll();
  }
  return [...lines, ...cycleLines(view)].join('\n');
}

function childrenOf({ edges }: GraphView, reverse: boolean): Map<string, Child[]> {
  const children = new Map<string, Child[]>();
  for (const { address, target, type } of edges) {
    const [parent, child] = reverse ? [target, address] : [address, target];
    const all = children.get(parent) ?? [];
    children.set(parent, all);
    all.push({ address: child, implicit: type === 'implicit' });
  }
  return children;
}

function rootsOf({ root, nodes, edges }: GraphView): string[] {
  if (root !== null) return [root];
  const targets = new Set(edges.map(({ target }) => target));
  return nodes.map(({ address }) => address).filter((address) => !targets.has(address));
}

function lineOf({ address, implicit, continued, margin }: Branch, missing: boolean, cut: string): string {
  const name = missing ? colour.removed(`${escapeText(address)} (missing)`) : colour.name(escapeText(address));
  return [
    `${colour.faint(margin)}${name}`,
    ...(implicit ? [colour.faint('(implicit)')] : []),
    ...(continued ? [colour.faint('(continued)')] : []),
    ...(cut === '' ? [] : [colour.faint(`… (${cut})`)]),
  ].join(' ');
}

const cycleLines = ({ cycles }: GraphView): string[] =>
  cycles.map((cycle) => colour.removed(`Cycle: ${[...cycle, cycle[0] ?? ''].map(escapeText).join(' → ')}`));
