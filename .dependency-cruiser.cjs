/** Which folder of src may import which others. A wrong arrow fails `npm run check:imports` and the tests. */
const STATE = ['store', 'events', 'lib'];
const READ = ['queries', 'projections', ...STATE];
const ALLOWED = {
  lib: [],
  events: ['lib'],
  store: ['events', 'lib'],
  projections: STATE,
  commands: STATE,
  queries: ['projections', ...STATE],
  feed: READ,
  formats: ['commands', ...READ],
  drift: ['formats', ...READ],
  operations: ['engine.ts', 'feed', 'commands', ...READ],
  migration: ['engine.ts', 'operations', 'commands', ...READ],
  api: ['engine.ts', 'migration', 'operations', 'drift', 'formats', 'feed', 'commands', ...READ],
};

const arrows = Object.entries(ALLOWED).map(([folder, targets]) => ({
  name: `${folder}-imports`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...targets].join('|')})(/|$)` },
}));

const only = (name, module, from) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: from },
  to: { path: `^node_modules/(${module})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/cli/(commands|hooks|help)' },
      to: {},
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    ...arrows,
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|examples)/' },
    },
    {
      name: 'projections-know-only-rows',
      comment: 'Projectors give row changes; how a store keeps them is not theirs to know.',
      severity: 'error',
      from: { path: '^src/projections/' },
      to: { path: '^src/store/', pathNot: '^src/store/(tables|row-change|records)\\.ts$' },
    },
    {
      name: 'ports-only',
      comment: 'A store is known by its port; only the engine names one.',
      severity: 'error',
      from: { path: '^src/(commands|queries|feed|formats|drift|migration|operations|api|json|server|cli)/' },
      to: { path: '^src/store/(sqlite|postgres)/' },
    },
    {
      name: 'cli-imports',
      comment: 'The command line uses the library as anybody would.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/', pathNot: '^src/(cli/|json/|lib/|index\\.ts$|server/(auth/)?index\\.ts$)' },
    },
    {
      name: 'json-imports',
      comment: 'JSON is made from the public types of the library.',
      severity: 'error',
      from: { path: '^src/json/' },
      to: { path: '^src/', pathNot: '^src/(json/|index\\.ts$)' },
    },
    {
      name: 'json-for-the-cli-and-the-server',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(json|cli|server)/' },
      to: { path: '^src/json/' },
    },
    {
      name: 'nobody-imports-the-server',
      comment: 'It is an entry of its own, so that nothing else waits for it to load.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|server)/' },
      to: { path: '^src/server/' },
    },
    {
      name: 'nobody-imports-the-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'engine-is-the-root',
      severity: 'error',
      from: { path: '^src/(lib|events|store|projections|commands|queries|feed|formats|drift)/' },
      to: { path: '^src/(engine|index|api)' },
    },
    {
      name: 'connections-in-one-place',
      comment: 'Every connection is checked where it is made. Elsewhere the driver is known by its types.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/lib/sqlite\\.ts$' },
      to: { path: '^node_modules/better-sqlite3/', dependencyTypesNot: ['type-only'] },
    },
    only(
      'driver-where-databases-are-read',
      'better-sqlite3',
      '^src/(lib/sqlite(-damage)?\\.ts$|(store/sqlite|migration/source|server/auth)/)',
    ),
    only('server-databases-in-their-store', 'pg', '^src/store/postgres/'),
    only('http-in-the-server', 'fastify|@fastify|prom-client', '^src/server/'),
    only('addresses-where-they-are-judged', 'ipaddr\\.js', '^src/(server|drift)/'),
    only('processes-in-drift', 'execa|string-argv', '^src/drift/'),
    only(
      'terminal-in-the-cli',
      '@oclif/core|slice-ansi|cli-progress|csv-stringify|picocolors|string-width',
      '^src/cli/',
    ),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node'] },
  },
};
