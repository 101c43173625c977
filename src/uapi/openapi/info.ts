import type { OpenAPIV3_1 } from 'openapi-types';
import { version } from '../../lib/version.ts';

/** What the OpenAPI document says besides the operations, which come from the functions. */
export const openapiInfo = {
  openapi: '3.1.0',
  info: {
    title: 'uapid',
    version,
    description:
      'API-compatible with cPanel UAPI: the FTP sessions of this host. Not affiliated with cPanel, L.L.C. or WebPros.\n\n' +
      'Every call takes its arguments in the query or in the body, with or without a slash at the end of its path. ' +
      'A call that fails answers HTTP 200 with status 0 and the errors; only authentication answers another HTTP status. ' +
      'On the ports 2086 and 2087 only administrators’ credentials count.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [
    { url: '/', description: 'The server that this document comes from.' },
    {
      url: '/cpsess{token}',
      description: 'The same after a login, together with its cookie.',
      variables: {
        token: { default: '0000000000', description: 'The ten digits that the login gave.' },
      },
    },
    { url: 'http://127.0.0.1:2082', description: 'The default listener.' },
  ],
  tags: [
    { name: 'Ftp', description: 'FTP sessions.' },
    { name: 'Uapid', description: 'The server itself.' },
    { name: 'URL forms', description: 'Forms whose arguments name the function.' },
    { name: 'Login', description: 'Credentials for programs that keep cookies.' },
  ],
  security: [{ BasicAuth: [] }, { ApiToken: [] }, { LoginCookie: [] }, { AdministratorCookie: [] }],
  components: {
    securitySchemes: {
      BasicAuth: { type: 'http', scheme: 'basic', description: 'A uapid account (RFC 7617).' },
      ApiToken: {
        type: 'apiKey',
        in: 'header',
        name: 'Authorization',
        description:
          '“cpanel USER:TOKEN” for any account, “whm USER:TOKEN” for an administrator’s. The scheme is read without case.',
      },
      LoginCookie: {
        type: 'apiKey',
        in: 'cookie',
        name: 'cpsession',
        description:
          'From /login; worth something only behind the /cpsess########## of that login.',
      },
      AdministratorCookie: {
        type: 'apiKey',
        in: 'cookie',
        name: 'whostmgrsession',
        description: 'The same on the ports 2086 and 2087.',
      },
    },
  },
} satisfies Partial<OpenAPIV3_1.Document>;
