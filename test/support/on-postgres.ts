/** Whether the tests run that are tried on PostgreSQL as they are on SQLite; see vitest.config.ts. */
export const ON_POSTGRES = process.env.SLOTH_TEST_STORE === 'postgres';
