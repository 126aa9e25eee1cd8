import { openModelStore } from '../model/model-store.js';
import { eventStoreContract } from './event-store-contract.js';

eventStoreContract('the model', openModelStore);
