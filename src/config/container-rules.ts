import * as z from 'zod';
import { type ContainerRule, maxContainerRules, parseMatch } from '../os/containers/rule.ts';

const example = '[{"match": "docker:web-*", "account": "alice"}]';

const match = z.string('“match” must be a text as docker:web-*').superRefine((text, context) => {
  const read = parseMatch(text);
  if ('fault' in read) context.addIssue({ code: 'custom', message: read.fault });
});

const rule = z.strictObject(
  {
    match,
    account: z
      .string('“account” must be the name of an account')
      .min(1, '“account” must not be empty')
      .max(256, '“account” is too long'),
  },
  { error: `each container is an object of “match” and “account”, as in ${example}` },
);

/** The setting `containers`: a list in a file, and its JSON in a flag or the environment. */
export const containerRules: z.ZodType<readonly ContainerRule[]> = z.preprocess(
  (value) => (typeof value === 'string' ? parseJson(value) : value),
  z
    .array(rule, `must be a list, as ${example}`)
    .max(maxContainerRules, `must not have more than ${maxContainerRules} entries`),
);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
