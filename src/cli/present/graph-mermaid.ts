import type { GraphView } from '../../index.js';
import { escapeText } from '../output/escape.js';

/** For Mermaid, as in Markdown. An arrow points from a resource to its dependency. */
export function graphMermaid({ nodes, edges }: GraphView): string {
  const ids = new Map(nodes.map(({ address }, index) => [address, `n${index}`]));
  return [
    'flowchart LR',
    ...nodes.map(({ address, missing }, index) => `  n${index}["${label(address)}"]${missing ? ':::missing' : ''}`),
    ...edges.map(
      ({ address, target, type }) => `  ${ids.get(address)} ${type === 'implicit' ? '-.->' : '-->'} ${ids.get(target)}`,
    ),
    ...(nodes.some(({ missing }) => missing) ? ['  classDef missing stroke:red,color:red,stroke-dasharray:2'] : []),
  ].join('\n');
}

/** Mermaid's own entities: within quotes these characters would be read as the end, as HTML, as Markdown or as an entity. */
const label = (address: string): string =>
  escapeText(address).replace(/["#&<>`]/g, (sign) => (sign === '"' ? '#quot;' : `#${sign.charCodeAt(0)};`));
