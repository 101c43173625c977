/** What the system said when an address could not be listened on. */
export interface BindError {
  /** As in errno(3), e.g. EADDRINUSE; undefined for what is no error of the system. */
  readonly code: string | undefined;
  readonly message: string;
}

/** The error in words for the administrator; `flag` is the one that would choose another address. */
export function explainBindError({ code, message }: BindError, url: string, flag: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `${url} is in use already. Does uapid run already? Choose another address with ${flag}.`;
    case 'EACCES':
      return `${url} may not be opened by this user: ports below 1024 are root’s.`;
    case 'EADDRNOTAVAIL':
      return `${url} is no address of this machine.`;
    default:
      return `${url} cannot be opened: ${message}`;
  }
}
