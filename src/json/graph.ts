import type { GraphView, Impact } from '../index.js';

export const graphJson = (view: GraphView) => ({
  stack_id: view.stack.id,
  version: view.version,
  nodes: view.nodes.map(({ address, id, type, missing }) => ({ address, id, type, missing })),
  edges: view.edges.map(({ address, target, type, path }) => ({ from: address, to: target, type, path })),
  order: view.order,
  cycles: view.cycles,
});

export const impactJson = (impact: Impact) => ({
  stack_id: impact.stack.id,
  version: impact.version,
  resource: impact.resource,
  affected: impact.affected.map(({ address, type, depth, via }) => ({ address, type, depth, via })),
});
