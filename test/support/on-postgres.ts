/** Whether the tests that run on SQLite and PostgreSQL run on PostgreSQL; see vitest.config.ts. */
export const ON_POSTGRES = process.env.SLOTH_TEST_STORE === 'postgres';
