const connections = new WeakSet<object>();

/** Notes that a request that came over a connection was let in by its credentials. */
export function recordLetIn(connection: object): void {
  connections.add(connection);
}

/** Whether a request of that connection was let in, ever. */
export function isLetIn(connection: object): boolean {
  return connections.has(connection);
}
