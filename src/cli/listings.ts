/**
 * Commands that only print. If their reader is gone, they end at once. All other commands change or check something and run
 * to the end, because their exit code matters.
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
