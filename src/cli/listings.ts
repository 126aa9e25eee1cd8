/**
 * Commands that only print what is there: where their reader has gone, nothing is left to do, and they end at once. All others
 * change something, or judge it by their exit code, and work to the end whoever reads.
 */
export const LISTINGS: ReadonlySet<string> = new Set([
  'audit:head',
  'audit:log',
  'projections:status',
  'replay',
  'stack:export',
  'stack:resource:list',
  'stack:resource:show',
  'stack:state:activity',
  'stack:state:blame',
  'stack:state:diff',
  'stack:state:drift:rules:list',
  'stack:state:graph',
  'stack:state:history',
  'stack:state:impact',
  'stack:state:list',
  'stack:state:lock-info',
  'stack:state:show',
  'stack:state:tags:list',
  'stack:state:versions',
  'token:list',
]);
