import type { TestProject } from 'vitest/node';
import { postgresServer } from './postgres-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A server that all tests share, each in its own schema. */
    postgres: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await postgresServer();
  project.provide('postgres', server.url);
  return () => server.remove();
}
