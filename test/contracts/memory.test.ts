import { openMemoryStore } from '../../src/store/memory/memory-event-store.js';
import { eventStoreContract } from './event-store-contract.js';

eventStoreContract('the memory store', openMemoryStore);
