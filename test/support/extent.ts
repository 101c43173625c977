/*
 * How much of the tests a run is for; run.ts says so in the environment of each file. A file that is
 * started by itself is run as `npm test` runs it.
 */

/** Set to "1" for `npm run test:all`. */
export const wholeVariable = 'UAPID_TEST_WHOLE';

/** Set to "1" on the second Node.js. */
export const secondNodeVariable = 'UAPID_TEST_SECOND_NODE';

const isSet = (name: string) => process.env[name] === '1';

/** Whether everything is tried as long and as often as before a tag: `npm run test:all`. */
export const isWholeRun = isSet(wholeVariable);

/** Whether only what depends on the version of Node.js counts here, since all of it has run on another. */
export const isForNodeAlone = isSet(secondNodeVariable) && !isWholeRun;
