export { type AuthenticationOptions, authentication } from './authenticate.js';
export { checkTokenFields, type TokenFields, type TokenRecord, TokenStore } from './token-store.js';
