/** What these tests use of packages that come without types, read from their source. */

declare module 'cpanel-lib' {
  type Callback = (error: unknown, answer: unknown) => void;
  type Parameters = Record<string, string | number>;

  interface Client {
    callUapi(module: string, func: string, args: Parameters, callback: Callback): void;
    callApi2(
      module: string,
      func: string,
      args: Parameters,
      user: string,
      callback: Callback,
    ): void;
  }

  export function createClient(options: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    /** Sent as Basic. */
    readonly password?: string;
    /** Sent as "WHM USER:KEY". */
    readonly accessKey?: string;
    readonly ignoreCertError: boolean;
  }): Client;
}

declare module 'cpanel-rest-api' {
  interface Call {
    readonly module: string;
    readonly func: string;
    readonly params?: Record<string, string | number>;
  }

  /** Talks to port 2083 with a password. Its `api` refuses plain objects, by mistake. */
  export class UAPI {
    constructor(options: {
      readonly host: string;
      readonly username: string;
      readonly password: string;
    });
    api(call: Call): Promise<unknown>;
  }

  /** Talks to port 2087 with a token. */
  export class WHM {
    constructor(options: {
      readonly host: string;
      readonly username: string;
      readonly accessKey: string;
    });
    api(call: {
      readonly action: string;
      readonly params: Record<string, string | number>;
    }): Promise<unknown>;
    uapi(user: string): { api(call: Call): Promise<unknown> };
  }
}
