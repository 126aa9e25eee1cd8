import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { emptyDatabase } from '../support/postgres.js';
import { commandsAndReads } from './event-store-contract.js';

commandsAndReads('PostgreSQL', async (parts) => openPostgresStore({ url: await emptyDatabase(), ...parts }));
