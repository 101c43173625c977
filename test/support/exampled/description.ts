import type { DaemonDescription } from '../../../src/daemons/description.ts';

/** A LABELLED daemon that does not exist: what a further one has to say of itself. */
export const exampled = {
  name: 'exampled',
  info: { name: 'exampled', supports: { login_without_domain: 1, quota: 0 } },
  settings: [
    {
      key: 'exampleDir',
      value: 'DIR',
      help: "exampled's folder",
      defaultPaths: ['/run/exampled'],
    },
  ],
  gaps: {
    'exampled-user-unknown': (count) => `exampled does not name the user of ${count} sessions.`,
  },
} as const satisfies DaemonDescription;
