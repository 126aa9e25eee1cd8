import { openPostgresStore } from '../../src/store/postgres/postgres-event-store.js';
import { freshSchema } from '../support/postgres.js';
import { eventStoreContract } from './event-store-contract.js';

eventStoreContract('PostgreSQL', async (parts) => openPostgresStore({ url: await freshSchema(), ...parts }));
