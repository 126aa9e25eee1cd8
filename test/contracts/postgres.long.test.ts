import { describe } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { emptySchema } from '../support/postgres.js';
import { maintaining } from './maintaining.js';

describe('PostgreSQL', () => maintaining(async (parts) => openPostgresStore({ url: await emptySchema(), ...parts })));
