/** The stock driver (ADR 0007), through this module only. Whoever wants it imports this late: no other command waits for it. */
export { auth, Client, policies, types, type ClientOptions } from 'cassandra-driver';
