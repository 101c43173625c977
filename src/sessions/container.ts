/** A container that the configuration gives to an account, and so all sessions in it. */
export interface SessionContainer {
  /** As `docker:web-1`. */
  readonly name: string;
  readonly account: string;
}
