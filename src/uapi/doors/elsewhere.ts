import { wrap } from '../envelope/envelope.ts';
import type { Door } from './door.ts';

/** How paths of the original begin that lead to pages and programs of its own. */
const prefixes = [
  '/3rdparty',
  '/cgi',
  '/frontend',
  '/openid_connect',
  '/resetpass',
  '/scripts',
  '/scripts2',
  '/unprotected',
  '/webmail',
];

/** Nothing is there: they are no modules whose functions could be called. */
export const elsewhereDoors: readonly Door[] = prefixes.map((prefix) => ({
  prefix,
  forms: [],
  methods: () => [],
  addRoutes: () => {},
  refuse: (_url, httpStatus, result) => ({
    httpStatus,
    body: wrap({ module: '', func: '' }, result),
  }),
}));
