/**
 * What each command does with a database that is not there:
 * - `creates`: it makes one, with its folders, once its input is known to be good, and says so. Only what can begin a
 *   stack or a log.
 * - `existing`: it refuses (DATABASE_NOT_FOUND, exit 3): it reads, or changes a stack that must be there already.
 * - `listing`: as `existing`, but where nobody named a database there is nothing to list, which is no error.
 * - `own`: it names databases by flags of its own, and judges them itself.
 * - `none`: it needs no database.
 *
 * Every command is here; a test compares the list with the commands there are.
 */
export const DATABASE_USE = {
  'audit:export': 'existing',
  'audit:head': 'existing',
  'audit:import': 'own', // makes it when the whole log is in it
  'audit:log': 'existing',
  'audit:verify': 'existing',
  autocomplete: 'none',
  'autocomplete:create': 'none',
  'autocomplete:script': 'none',
  backup: 'existing',
  copy: 'own', // makes that of --to
  doctor: 'existing',
  help: 'none',
  'projections:rebuild': 'existing',
  'projections:status': 'existing',
  replay: 'existing',
  restore: 'own', // makes it of a backup
  serve: 'creates',
  'stack:apply': 'existing',
  'stack:delete': 'existing',
  'stack:export': 'existing',
  'stack:import': 'creates',
  'stack:migrate': 'own', // makes that of --target
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
  'token:create': 'own', // tokens lie in a file of their own
  'token:list': 'own',
  'token:revoke': 'own',
} as const satisfies Record<string, 'creates' | 'existing' | 'listing' | 'own' | 'none'>;
