import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-event-store.js';
import { scratchFolder } from '../support/folder.js';
import { eventStoreContract } from './event-store-contract.js';

eventStoreContract('SQLite on a file', (parts) =>
  openSqliteStore({ path: join(scratchFolder(), 'stacks.db'), ...parts }),
);
