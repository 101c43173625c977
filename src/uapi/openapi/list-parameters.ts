import * as z from 'zod';
import { matchTypes } from '../transforms/match-types.ts';
import { sortMethods } from '../transforms/sort-methods.ts';

const flag = z.enum(['0', '1']).optional();
const text = z.string().optional();
const filterType = z.enum([...matchTypes.keys()]).optional();
const sortMethod = z.enum([...sortMethods.keys()]).optional();

/** The parameters of every list function, in the account's grammar, for the documentation. */
export const listParameters = {
  'api.filter': flag.describe('Filter the list. May be left out where a column is given.'),
  'api.filter_column': text.describe('The column. For several filters: api.filter_column_0, _1, …'),
  'api.filter_type': filterType.describe(
    'How the column is compared with the term; contains if left out.',
  ),
  'api.filter_term': text.describe('What the column is compared with.'),
  'api.sort': flag.describe('Sort the list. May be left out where a column is given.'),
  'api.sort_column': text.describe('The column. For several keys: api.sort_column_0, _1, …'),
  'api.sort_method': sortMethod.describe('lexicographic if left out.'),
  'api.sort_reverse': flag.describe('From the last to the first.'),
  'api.paginate': flag.describe('Give one page of the list.'),
  'api.paginate_start': text.describe('The first record, counted from 1; -1 for everything.'),
  'api.paginate_size': text.describe('Records on a page.'),
  'api.paginate_page': text.describe('The page, counted from 1, from the start on.'),
  'api.columns': flag.describe('Give the named columns only.'),
  'api.columns_0': text.describe('A column to give; more in api.columns_1, …'),
};

/** The same in the grammar of the administrator's forms, which every door takes too. */
export const administratorListParameters = {
  'api.filter.enable': flag.describe('Filter the list.'),
  'api.filter.a.field': text.describe('The column, * for any; more in api.filter.b.field, …'),
  'api.filter.a.type': filterType.describe('How the column is compared with arg0.'),
  'api.filter.a.arg0': text.describe('What the column is compared with.'),
  'api.sort.enable': flag.describe('Sort the list.'),
  'api.sort.a.field': text.describe('The column; more in api.sort.b.field, …'),
  'api.sort.a.method': sortMethod.describe('lexicographic if left out.'),
  'api.sort.a.reverse': flag.describe('From the last to the first.'),
  'api.chunk.enable': flag.describe('Give one part of the list.'),
  'api.chunk.start': text.describe('The first record, counted from 1.'),
  'api.chunk.size': text.describe('Records in the part.'),
  'api.columns.enable': flag.describe('Give the named columns only.'),
  'api.columns.a': text.describe('A column to give; more in api.columns.b, …'),
};
