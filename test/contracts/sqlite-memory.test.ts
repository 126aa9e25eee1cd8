import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { eventStoreContract } from './event-store-contract.js';

eventStoreContract('SQLite without a file', (parts) => openSqliteStore({ path: ':memory:', ...parts }));
