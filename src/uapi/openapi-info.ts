import type { OpenAPIV3_1 } from 'openapi-types';
import { version } from '../version.ts';

/** What the OpenAPI document says besides the operations, which come from the functions. */
export const openapiInfo = {
  openapi: '3.1.0',
  info: {
    title: 'uapid',
    version,
    description:
      'API-compatible with cPanel UAPI: the FTP sessions of this host. Not affiliated with cPanel, L.L.C. or WebPros.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: 'http://127.0.0.1:2082', description: 'The default listener.' }],
  tags: [{ name: 'Ftp', description: 'FTP sessions.' }],
  components: {
    securitySchemes: {
      BasicAuth: { type: 'http', scheme: 'basic', description: 'A uapid account (RFC 7617).' },
    },
  },
} satisfies Partial<OpenAPIV3_1.Document>;
