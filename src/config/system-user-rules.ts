import * as z from 'zod';
import {
  maxSystemUserRules,
  parseSystemUserRule,
  type SystemUserRule,
} from '../os/users/system-user-rule.ts';

const rule = z.string('must be a text as uids:1000-59999').transform((text, context) => {
  const read = parseSystemUserRule(text);
  if (!('fault' in read)) return read;
  context.addIssue({ code: 'custom', message: read.fault });
  return z.NEVER;
});

/** The setting `systemUsers`: a list in a file, or a text with commas. */
export const systemUserRules: z.ZodType<readonly SystemUserRule[]> = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((each) => each.trim()) : value),
  z
    .array(rule, 'must be a list, as ["uids:1000-59999"]')
    .max(maxSystemUserRules, `must not have more than ${maxSystemUserRules} entries`),
);
