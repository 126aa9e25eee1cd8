/**
 * What each command does if the database does not exist:
 * - `creates`: creates it, with its folders, once the input is known to be valid, and reports it. Only commands that can
 *   create a stack or a log.
 * - `existing`: refuses (DATABASE_NOT_FOUND, exit 3), because it reads, or changes a stack that must exist already.
 * - `listing`: like `existing`, but if nobody named a database the list is empty, which is not an error.
 * - `own`: has its own flags for databases, and checks them itself.
 * - `none`: needs no database.
 * All commands are listed here; a test compares the list with the existing commands.
 */
export const DATABASE_USE = {
  'audit:export': 'existing',
  'audit:head': 'existing',
  'audit:import': 'own', // creates it when the whole log is in it
  'audit:log': 'existing',
  'audit:verify': 'existing',
  autocomplete: 'none',
  'autocomplete:create': 'none',
  'autocomplete:script': 'none',
  backup: 'existing',
  copy: 'own', // creates the one of --to
  doctor: 'existing',
  help: 'none',
  'projections:rebuild': 'existing',
  'projections:status': 'existing',
  replay: 'existing',
  restore: 'own', // creates it from a backup
  serve: 'creates',
  'stack:apply': 'existing',
  'stack:delete': 'existing',
  'stack:export': 'existing',
  'stack:import': 'creates',
  'stack:migrate': 'own', // creates the one of --target
  'stack:new': 'creates',
  'stack:resource:list': 'existing',
  'stack:resource:remove': 'existing',
  'stack:resource:set': 'existing',
  'stack:resource:show': 'existing',
  'stack:restore': 'existing',
  'stack:state:activity': 'existing',
  'stack:state:blame': 'existing',
  'stack:state:diff': 'existing',
  'stack:state:drift': 'existing',
  'stack:state:drift:accept': 'existing',
  'stack:state:drift:ignore': 'existing',
  'stack:state:drift:resolve': 'existing',
  'stack:state:drift:rules:list': 'existing',
  'stack:state:drift:rules:remove': 'existing',
  'stack:state:drift:watch': 'existing',
  'stack:state:graph': 'existing',
  'stack:state:history': 'existing',
  'stack:state:impact': 'existing',
  'stack:state:list': 'listing',
  'stack:state:lock': 'existing',
  'stack:state:lock-info': 'existing',
  'stack:state:rollback': 'existing',
  'stack:state:show': 'existing',
  'stack:state:snapshot': 'existing',
  'stack:state:tags:add': 'existing',
  'stack:state:tags:list': 'existing',
  'stack:state:tags:remove': 'existing',
  'stack:state:unlock': 'existing',
  'stack:state:versions': 'existing',
  'stack:update': 'existing',
  'token:create': 'own', // tokens are in a separate file
  'token:list': 'own',
  'token:revoke': 'own',
} as const satisfies Record<string, 'creates' | 'existing' | 'listing' | 'own' | 'none'>;
