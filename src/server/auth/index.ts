export { type AuthenticationOptions, authentication } from './authenticate.js';
export { type TokenFields, type TokenRecord, TokenStore } from './token-store.js';
